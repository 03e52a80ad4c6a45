"""The support bundle: what is in it, and above all what is not."""

import io
import json
import zipfile
from collections.abc import Mapping

import pytest
from redis import Redis

from app.web.ext import Services
from core.admission.allowlist import Pattern
from core.link import End, Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import allowlist, link, link_history, settings
from store.account import audit
from store.agents import provider_keys
from store.link_history import Event
from store.redis.live import Live, make_heartbeat
from tests.app.diagnostics.test_views import say
from tests.app.visitor import Visitor
from tests.store.rows import chat_with, write

PHONE = Phone("+15551234567")
SECRETS = {
    "SECRET_KEY": "a-secret-key-of-many-characters",
    "OPENAI_API_KEY": "sk-from-the-environment",
    "CUSTOM_LLM_BASE_URL": "http://ana:hush@llm.example:8080/v1/path-secret?token=query-secret",
    "WHATSAPP_AUTH_DATABASE_URL": "postgresql://wa:session-password@db.example/auth",
    "BOOTSTRAP_API_KEY": "bootstrap-key-of-many-characters",
}
# All that must not be found, whatever case it is in.
PLANTED = (
    *("15551234567", "555-123-4567", "5550000001", "Somebody", "The family", "my diary", "hush"),
    *("a-secret-key", "sk-from", "sk-in-the-panel", "path-secret", "query-secret"),
    *("session-password", "bootstrap-key", "QR-SECRET", "ABCD-EFGH"),
)
TRACE = """\
Traceback (most recent call last):
  File "/srv/app/worker/turns.py", line 7, in answer
    raise ValueError("my diary")
ValueError: my diary
hello: my diary goes on
"""


@pytest.fixture
def env(env: dict[str, str]) -> dict[str, str]:
    return env | SECRETS


@pytest.fixture
def planted(services: Services, live: Live, redis: Redis) -> None:
    """Everything that must not be in a bundle, wherever it might come from."""
    now = services.now()
    with services.db.write() as connection:
        link.record_link(connection, PHONE, "DjinnBot", now)
        link_history.record(connection, End.UNREACHABLE, now, detail=f"no route for {PHONE.digits}")
        link_history.record(connection, Event.ONLINE, now, fence=7)
        settings.save(connection, Settings(enabled=True, default_agent="finn"), now)
        allowlist.add(connection, Pattern(PHONE), "The family", None, now)
        write(connection, chat_with(connection, PHONE), "M1", text="my diary", phone=PHONE)
        provider_keys.save(connection, services.config, "openai", "sk-in-the-panel", now)
    live.publish(Status(Phase.SCAN, qr="QR-SECRET", code="ABCD-EFGH", phone=PHONE))
    live.record_heartbeat("worker", make_heartbeat("w", 1.5, holder=True))
    say(redis, f"from {PHONE} by Somebody", fields={"error": "my diary", "chat": 7})
    say(redis, "ignored", fields={"reason": "not_allowed", "phone": PHONE, "text": "my diary"})
    say(redis, "my diary", is_ours=False, logger="library")
    say(redis, "got my diary", is_ours=False, logger="library", template="got %s")
    say(redis, f"no session with {PHONE.digits}", is_ours=False, logger="whatsmeow.Client")
    say(redis, "sk-in-the-panel is what it said", "warning")
    say(redis, "it broke", "error", "errors", exception=TRACE, fields={"detail": "my diary"})


def unpacked(owner: Visitor) -> Mapping[str, str]:
    answer = owner.submit("/diagnostics/bundle")
    assert answer.mimetype == "application/zip"
    assert "djinnbot-support-" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.usefixtures("planted")
def test_nothing_of_anybodys_business_is_in_it(owner: Visitor) -> None:
    everything = "\n".join(unpacked(owner).values()).lower()
    for each in PLANTED:
        assert each.lower() not in everything, each


@pytest.mark.usefixtures("planted")
def test_what_helps_is_in_it(owner: Visitor) -> None:
    files = unpacked(owner)
    assert "Not in it" in files["about.txt"]
    versions = json.loads(files["versions.json"])
    assert versions["djinnbot"] and versions["packages"]["neonize"] and versions["migration"]
    configuration = json.loads(files["configuration.json"])
    assert configuration["openai_api_key"] == "[set]" and configuration["groq_api_key"] is None
    assert configuration["custom_llm_base_url"] == "http://llm.example:8080"
    assert json.loads(files["settings.json"])["default_agent"] == "finn"
    [worker] = json.loads(files["processes.json"])
    assert worker["role"] == "worker" and worker["memory"] > 0 and worker["holder"]
    assert json.loads(files["services.json"])["redis"]["queue"] == 0
    assert json.loads(files["counts.json"])["messages"]["allowed_number"] == 1


@pytest.mark.usefixtures("planted")
def test_the_connection_is_told_with_its_history(owner: Visitor) -> None:
    told = json.loads(unpacked(owner)["connection.json"])
    assert told["linked"] == "…67"
    assert told["status"]["phase"] == "scan" and "qr" not in told["status"]
    online, end = told["history"]
    assert (online["event"], online["fence"]) == ("online", 7)
    assert (end["end"], end["detail"]) == ("unreachable", "no route for …67")


@pytest.mark.usefixtures("planted")
def test_the_log_keeps_what_is_harmless(owner: Visitor) -> None:
    files = unpacked(owner)
    assert "from …67 by [name] error=[left out] chat=7" in files["log.txt"]
    assert "ignored reason=not_allowed phone=[left out] text=[left out]" in files["log.txt"]
    assert "library: [left out]" in files["log.txt"] and "library: got %s" in files["log.txt"]
    assert "no session with …67" in files["log.txt"]
    assert "[hidden] is what it said" in files["log.txt"]
    [_, *trace] = files["errors.txt"].splitlines()
    assert trace == ['  File "/srv/app/worker/turns.py", line 7, in answer', "ValueError"]


def test_that_it_was_made_is_written_down(owner: Visitor, services: Services) -> None:
    unpacked(owner)
    with services.db.read() as connection:
        assert audit.list_acts(connection)[0].action == "support bundle made"


def test_a_fresh_installation_has_one_too(owner: Visitor) -> None:
    assert json.loads(unpacked(owner)["connection.json"])["linked"] is None
