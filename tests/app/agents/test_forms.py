"""What an agent may be called and hold, and what is refused."""

from pathlib import Path

import pytest

from app.web.ext import Services
from store.account import audit
from store.agents.agents import AgentFolder
from tests import eleven
from tests.app.visitor import Visitor, tag, words


@pytest.fixture
def root(services: Services, tmp_path: Path) -> Path:
    """The agents' folder of this panel."""
    services.agents = AgentFolder(eleven.build(tmp_path / "eleven"))
    return services.agents.path


def acts(services: Services) -> list[str]:
    with services.db.read() as connection:
        return [f"{act.action}: {act.detail}" for act in audit.latest(connection)]


def shown(services: Services, agent_id: str) -> dict[str, object]:
    """What the form of this agent holds when it is opened."""
    agent = services.agents.load().agents[agent_id]
    values = {
        "name": agent.name,
        "role": agent.role,
        "emoji": agent.emoji,
        "model": agent.model or "",
        "fallback_model": agent.fallback_model or "",
        "soul": agent.soul.replace("\n", "\r\n"),  # as browsers do
        "instructions": agent.instructions.replace("\n", "\r\n"),
    }
    return values | ({"is_on_whatsapp": "y"} if agent.is_on_whatsapp else {})


def etag(visitor: Visitor, agent_id: str) -> str:
    return tag(visitor.open(f"/agents/{agent_id}/"), "etag").split('value="')[1].split('"')[0]


def save(visitor: Visitor, agent_id: str, htmx: bool = False, **changes: object):
    services: Services = visitor.app.extensions["djinnbot"]
    fields = {"etag": etag(visitor, agent_id), **shown(services, agent_id), **changes}
    sent = {name: value for name, value in fields.items() if value is not None}
    return visitor.submit(f"/agents/{agent_id}/", htmx, **sent)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", " ", "Give the agent a name."),
        ("name", "x" * 61, "At most 60 characters."),
        ("name", "Fi\nnn", "Use one line of plain text."),
        ("name", "jIM", "There is an agent called jIM already."),
        ("role", "a\u2028b", "Use one line of plain text."),
        ("role", "x" * 121, "At most 120 characters."),
        ("emoji", "ab", "Use exactly one emoji"),
        ("emoji", "🦉🦉", "Use exactly one emoji"),
        ("model", "gpt-4o", "Write a model as provider/name."),
        ("fallback_model", "openai/", "names no model"),
        ("soul", "a\0b", "There is a character in it that no text has."),
        ("instructions", "ü" * 262145, "At most 512 kB."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_can_not_be_is_told_beside_it_and_nothing_changes(
    owner: Visitor,
    services: Services,
    root: Path,
    field: str,
    value: str,
    sentence: str,
    htmx: bool,
) -> None:
    before = eleven.contents(root)
    answer = save(owner, "finn", htmx, **{field: value, "role": "kept"} | {field: value})
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert 'aria-invalid="true"' in tag(answer, field)
    if field != "role":
        assert 'value="kept"' in tag(answer, "role")
    assert eleven.contents(root) == before
    assert acts(services) == []


def test_what_was_there_already_may_stay(owner: Visitor, root: Path) -> None:
    """A provider that we don't know must not keep the owner from changing the rest."""
    (root / "luke/IDENTITY.md").write_text("- **Name:** Luke\n- **Emoji:** (none)\n")
    assert save(owner, "luke", soul="Pixels.").status_code == 303
    assert (root / "luke/config.yml").read_bytes() == eleven.FILES["luke/config.yml"].encode()  # type: ignore[union-attr]


def test_long_texts_are_taken(owner: Visitor, services: Services, root: Path) -> None:
    text = "とても長い。" * 25_000
    assert save(owner, "finn", soul=text).status_code == 303
    assert services.agents.load().agents["finn"].soul == text


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"name": ""}, "name", "Give the agent a name."),
        ({"name": "finn"}, "name", "There is an agent called finn already."),
        ({"name": "猫"}, "agent_id", "Choose one: none can be made of this name."),
        ({"name": "X", "agent_id": "../x"}, "agent_id", "Use letters, digits, _ and -"),
        ({"name": "X", "agent_id": "FINN"}, "agent_id", "There is a folder “finn” already."),
        ({"name": "X", "agent_id": "holt"}, "agent_id", "There is a folder “holt” already."),
        ({"name": "X", "emoji": "x"}, "emoji", "Use exactly one emoji"),
        ({"name": "X", "start": "own:nobody"}, "start", "That one is gone."),
    ],
)
def test_what_can_not_be_made(
    owner: Visitor,
    services: Services,
    root: Path,
    fields: dict[str, str],
    field: str,
    sentence: str,
) -> None:
    before = eleven.contents(root)
    answer = owner.submit("/agents/new", **{"start": "", "role": "kept"} | fields)
    assert answer.status_code == 422 and sentence in words(answer)
    assert 'aria-invalid="true"' in tag(answer, field)
    assert 'value="kept"' in tag(answer, "role")
    assert eleven.contents(root) == before and acts(services) == []
