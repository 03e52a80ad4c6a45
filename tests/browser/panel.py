"""The panel as it is served, in a real browser, with somebody who plays the worker."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from app.web.ext import Services
from core.link import Status
from store.account import owner
from store.redis.live import Heartbeat, Live
from tests.waiting import PATIENCE_MS

expect.set_options(timeout=PATIENCE_MS)
# Whatever the policy stops is told here, also where the console stays silent.
WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP stopped ${event.violatedDirective} ${event.blockedURI}`);
});
"""
# A refused form is an answer, not an error of the page. Nor is a look for news that makes way for a
# form (hx-sync): htmx tells of its end in two lines; of one that failed the second is another.
EXPECTED = (
    *("status of 422", "status of 401", "status of 429"),
    *("htmx:afterRequest", "htmx:sendAbort"),
)


@dataclass
class Panel:
    """The running panel. `live` is the worker's side of Redis."""

    url: str
    app: Flask
    live: Live
    browser: Browser
    problems: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def services(self) -> Services:
        found: Services = self.app.extensions["djinnbot"]
        return found

    def stranger(self, **options: Any) -> Page:
        """A fresh browser's page; what goes wrong in it is collected."""
        context = self.browser.new_context(base_url=self.url, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on("request", self._requested)
        return page

    def owner(self, **options: Any) -> Page:
        """The same, signed in."""
        page = self.stranger(**options)
        page.context.add_cookies([{"name": "djinnbot", "value": self._session(), "url": self.url}])
        return page

    def beat(self, **facts: Any) -> None:
        """A worker that holds the lock, and a jobs process, are alive."""
        self.live.record_heartbeat(
            "worker", Heartbeat("w", "here", 1, time.time(), **{"holder": True, **facts})
        )
        self.live.record_heartbeat("jobs", Heartbeat("j", "here", 2, time.time()))

    def says(self, status: Status) -> None:
        """What the worker says of the connection. Counts as a sign of life too."""
        self.beat()
        self.live.publish(status)

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _session(self) -> str:
        now = self.services.now()
        with self.services.db.write() as connection:
            owner.create(connection, "ana", "no password", now)
            token = owner.open_session(connection, "a browser", "127.0.0.1", now)
        signer = self.app.session_interface.get_signing_serializer(self.app)
        return str(signer.dumps({"token": token, "_permanent": True}))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not any(
            expected in message.text for expected in EXPECTED
        ):
            self.problems.append(f"console: {message.text}")

    def _requested(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.problems.append(f"asked elsewhere: {request.url}")


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a port of this machine, one thread for each request."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
