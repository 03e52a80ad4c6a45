import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.ctx import RequestContext
from jinja2 import DictLoader
from werkzeug.wrappers import Response

from app.web import respond
from app.web.toasts import toast

PAGE = "before {% block rows %}{{ icon('ban') }} {{ name }}{% endblock %} after"


@pytest.fixture
def page(app: Flask) -> Iterator[str]:
    loader = app.jinja_env.loader
    assert loader is not None
    known = {"page.html": PAGE}
    for name in ("_toasts.html", "macros.html"):
        known[name] = loader.get_source(app.jinja_env, name)[0]
    app.jinja_env.loader = DictLoader(known)
    yield "page.html"
    app.jinja_env.loader = loader


def ask(app: Flask, path: str = "/", **headers: str) -> RequestContext:
    return app.test_request_context(
        path, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def text_of(answer: Response) -> str:
    return str(answer.get_data(as_text=True))


def test_a_plain_browser_gets_the_page(app: Flask, page: str) -> None:
    with ask(app):
        answer = respond.part(page, block="rows", status=422, into="#rows", focus="x", name="Ana")
    assert answer.status_code == 422
    assert text_of(answer).startswith("before ") and text_of(answer).endswith(" Ana after")
    assert not [name for name, _ in answer.headers if name.startswith("HX-")]


def test_htmx_gets_the_block_and_the_toasts(app: Flask, page: str) -> None:
    with ask(app, HX_Request="true"):
        toast("entry_saved")
        answer = respond.part(page, block="rows", status=422, into="#rows", focus="x", name="Ana")
    assert answer.status_code == 422
    assert text_of(answer).startswith("<svg") and " Ana" in text_of(answer)
    assert 'hx-swap-oob="beforeend"' in text_of(answer) and "Saved." in text_of(answer)
    assert answer.headers["HX-Retarget"] == "#rows"
    assert answer.headers["HX-Reswap"] == "outerHTML"
    assert json.loads(answer.headers["HX-Trigger-After-Settle"]) == {"djinn:focus": "x"}


@pytest.mark.parametrize("header", ["HX_Boosted", "HX_History_Restore_Request"])
def test_htmx_that_shows_a_page_gets_a_page(app: Flask, page: str, header: str) -> None:
    with ask(app, HX_Request="true", **{header: "true"}):
        assert text_of(respond.part(page, block="rows", name="Ana")).startswith("before")
        assert respond.unchanged("") is None


def test_a_block_without_a_page_of_its_own(app: Flask, page: str) -> None:
    with ask(app):
        answer = respond.part(page, block="rows", home="/home", name="Ana")
    assert (answer.status_code, answer.location) == (303, "/home")


def test_what_only_the_page_needs_is_loaded_for_it(app: Flask, page: str) -> None:
    loaded = []

    def load() -> dict[str, str]:
        loaded.append(True)
        return {"name": "Ben"}

    with ask(app, HX_Request="true"):
        assert "Ana" in text_of(respond.part(page, block="rows", rest=load, name="Ana"))
        assert not loaded
    with ask(app):
        assert "Ben" in text_of(respond.part(page, block="rows", rest=load))
        assert "Ana" in text_of(respond.part(page, block="rows", rest=load, name="Ana"))


def test_a_form_that_was_carried_out(app: Flask, page: str) -> None:
    with ask(app):
        answer = respond.saved("/home#x", page, block="rows", name="Ana")
        assert (answer.status_code, answer.location) == (303, "/home#x")
    with ask(app, HX_Request="true"):
        answer = respond.saved("/home#x", page, block="rows", name="Ana")
        assert answer.status_code == 200 and "Ana" in text_of(answer)


def test_what_htmx_has_is_not_sent_again(app: Flask) -> None:
    mark = respond.fingerprint(["a"], 1)
    assert mark != respond.fingerprint(["a"], 2) and len(mark) == 12
    with ask(app, f"/?seen={mark}", HX_Request="true"):
        answer = respond.unchanged(mark)
        assert answer is not None and (answer.status_code, answer.data) == (204, b"")
        assert respond.unchanged(respond.fingerprint(["a"], 2)) is None
    with ask(app, f"/?seen={mark}"):
        assert respond.unchanged(mark) is None
