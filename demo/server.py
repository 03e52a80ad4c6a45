"""Serves the phones page on this machine, on threads of the demo's process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from demo.folder import HOST

STOP_SECONDS = 0.2


class _Quiet(WSGIRequestHandler):
    """The terminal is for the product's processes, and addresses hold the key."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *args: Any) -> None:
        pass


@contextmanager
def serving(app: Flask, port: int) -> Iterator[None]:
    """Serve the page inside a `with` block. One thread for each request; streams end with the
    block or when the browser goes."""
    server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(
        target=server.serve_forever, args=(STOP_SECONDS,), name="phones page", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        app.extensions["demo"].watcher.end()
        server.shutdown()
        thread.join()
        server.server_close()
