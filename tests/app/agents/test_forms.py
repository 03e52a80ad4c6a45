"""What an agent may be called and hold, and what is refused."""

from pathlib import Path

import pytest

from app.web.ext import Services
from tests.app.acts import list_acts
from tests.app.agents.editing import save_agent
from tests.app.visitor import Visitor, tag, words
from tests.support import agent_folders


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
    before = agent_folders.contents(root)
    answer = save_agent(owner, "finn", htmx, **{field: value, "role": "kept"} | {field: value})
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert 'aria-invalid="true"' in tag(answer, field)
    if field != "role":
        assert 'value="kept"' in tag(answer, "role")
    assert agent_folders.contents(root) == before
    assert list_acts(services) == []


def test_what_was_there_already_may_stay(owner: Visitor, root: Path) -> None:
    """A provider that we don't know must not keep the owner from changing the rest."""
    (root / "luke/IDENTITY.md").write_text("- **Name:** Luke\n- **Emoji:** (none)\n")
    assert save_agent(owner, "luke", soul="Pixels.").status_code == 303
    assert (root / "luke/config.yml").read_bytes() == agent_folders.FILES[
        "luke/config.yml"
    ].encode()  # type: ignore[union-attr]


def test_long_texts_are_taken(owner: Visitor, services: Services, root: Path) -> None:
    text = "とても長い。" * 25_000
    assert save_agent(owner, "finn", soul=text).status_code == 303
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
    before = agent_folders.contents(root)
    answer = owner.submit("/agents/new", **{"start": "", "role": "kept"} | fields)
    assert answer.status_code == 422 and sentence in words(answer)
    assert 'aria-invalid="true"' in tag(answer, field)
    assert 'value="kept"' in tag(answer, "role")
    assert agent_folders.contents(root) == before and list_acts(services) == []
