"""The page is served while it is wanted, and no longer."""

import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from flask import Flask

from demo.server import serving


def test_it_is_there_inside_and_gone_outside(free_port: int) -> None:
    app, ended = Flask("phones"), list[bool]()
    app.add_url_rule("/", view_func=lambda: "phones")
    watcher = SimpleNamespace(end=lambda: ended.append(True))
    app.extensions["demo"] = SimpleNamespace(watcher=watcher)
    url = f"http://127.0.0.1:{free_port}/"
    with serving(app, free_port), urllib.request.urlopen(url) as response:
        assert response.read() == b"phones" and not ended
    assert ended == [True]
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url)
