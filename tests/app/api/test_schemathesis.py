"""Whatever a program may send, and much that it may not, gets an answer that is described.

Schemathesis reads /v1/openapi.json and calls every operation with values at the edges of what it
allows, beyond them, and at random. A thread plays the worker.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import schemathesis
from hypothesis import strategies
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

from app.web import throttle
from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.redis.live import Heartbeat, Request
from tests.app.api.program import Api, document
from tests.browser.panel import serving

pytestmark = pytest.mark.slow

CONFIG = {
    "generation": {"max-examples": 5, "deterministic": True, "database": "none"},
    "phases": {"stateful": {"enabled": False}},
    # Which texts are numbers, emoji and agents is more than a schema can say.
    "checks": {"positive_data_acceptance": {"enabled": False}},
    "parameters": {"agent_id": "finn"},
}
# The one operation that may have found nothing to succeed with.
FOR_WANT_OF_ONE = "DELETE /v1/agents/{agent_id}/messaging-permissions/{permission_id}"
# What is refused while an account is linked, or ends that.
LINKING = ("/v1/whatsapp/link", "/v1/whatsapp/link/pairing-code", "/v1/whatsapp/unlink")

NUMBERS = strategies.from_regex(r"\+1555[2-9][0-9]{6}", fullmatch=True)
schemathesis.openapi.format("phone", NUMBERS)
schemathesis.openapi.format("phone-pattern", NUMBERS | NUMBERS.map(lambda number: f"{number[:8]}*"))


@pytest.fixture
def patient(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Nobody is told to wait, and the integration is on."""
    monkeypatch.setattr(throttle, "PER_API_KEY", 1_000_000)
    monkeypatch.setattr(throttle, "WRONG_API_KEYS", 1_000_000)
    with api.database.write() as connection:
        settings.save(connection, Settings(enabled=True), api.services.now())
    return api


@contextmanager
def obliging_worker(api: Api, status: Status) -> Iterator[None]:
    """Begins with this status; makes a code at once for whoever wants one."""
    ended = threading.Event()

    def play(status: Status) -> None:
        while not ended.is_set():
            request = api.live.take_request(0.05)
            status = obey(request) if request else status
            api.live.publish(status)
            api.live.record_heartbeat("worker", Heartbeat("w", "here", 1, 0.0, holder=True))

    api.live.publish(status)
    thread = threading.Thread(target=play, args=[status])
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def obey(request: Request) -> Status:
    if request.wish == "link":
        return Status(Phase.SCAN, attempt=request.id, qr="2@secret", number=1, of=6)
    return Status(Phase.CODE, attempt=request.id, code="ABCD-1234")


def test_while_an_account_is_linked(patient: Api) -> None:
    with patient.database.write() as connection:
        link.record_link(connection, Phone("+15550000000"), "DjinnBot", patient.services.now())
    others = set(document(patient.app)["paths"]) - {*LINKING, "/v1/openapi.json"}
    with obliging_worker(patient, Status(Phase.LINKED, connected=True)):
        good, problems = call(patient, sorted(others))
    assert problems == []
    never = {each for each in labels(patient) if each.split()[1] in others} - good
    assert never <= {FOR_WANT_OF_ONE}


@pytest.mark.parametrize("path", LINKING)
def test_while_none_is(patient: Api, path: str) -> None:
    with obliging_worker(patient, Status(Phase.UNLINKED)):
        good, problems = call(patient, [path])
    assert problems == []
    assert good == ({f"POST {path}"} if "unlink" not in path else set())


def call(api: Api, paths: Sequence[str]) -> tuple[set[str], list[str]]:
    """The operations that succeeded, as "GET /v1/...", and what was wrong with any answer."""
    good: set[str] = set()
    problems: list[str] = []
    with serving(api.app) as url:
        config = schemathesis.Config.from_dict(CONFIG)
        schema = schemathesis.openapi.from_url(f"{url}/v1/openapi.json", config=config)
        schema.config.headers = {"Authorization": f"Bearer {api.key}"}
        for event in from_schema(schema.include(path=list(paths))).execute():
            if isinstance(event, NonFatalError):
                problems.append(f"{event.label}: {event.value}")
            if isinstance(event, ScenarioFinished):
                good |= succeeded(event)
                problems += failed(event)
    return good, problems


def labels(api: Api) -> set[str]:
    paths = document(api.app)["paths"]
    return {f"{method.upper()} {path}" for path, item in paths.items() for method in item}


def succeeded(event: ScenarioFinished) -> set[str]:
    label = event.recorder.label
    return {
        label
        for each in event.recorder.interactions.values()
        if each.response and each.response.status_code < 300
        if each.request.method == label.split()[0]
    }


def failed(event: ScenarioFinished) -> list[str]:
    return [
        f"{event.recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
        for checks in event.recorder.checks.values()
        for check in checks
        if check.failure_info
    ]
