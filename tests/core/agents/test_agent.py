"""What an agent's files say, and what its model is told."""

import pytest

from core.agents.agent import Agent, identity_fields, is_agent_id, system_prompt

IDENTITY = """\
# Finn — Solutions Architect

- **Name:** Finn
- **Role:** Solutions Architect
- **Emoji:** 🏗️

## Later
- **Name:** somebody else
"""


def test_an_identity() -> None:
    assert identity_fields(IDENTITY) == {
        "title": "Finn — Solutions Architect",
        "name": "Finn",
        "role": "Solutions Architect",
        "emoji": "🏗️",
    }


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("**Name:** Finn", {"name": "Finn"}),
        ("**Name**: Finn", {"name": "Finn"}),
        ("- **NAME:** Finn  ", {"name": "Finn"}),
        ("* **Name: ** Finn", {"name": "Finn"}),
        ("  + **Name:** Finn\r", {"name": "Finn"}),
        ("**Role:** Lead: ops, *and* more", {"role": "Lead: ops, *and* more"}),
        ("**Pet name:** Fi", {"pet name": "Fi"}),
        ("Name: Finn", {}),
        ("**Name:**", {}),
        ("**Emoji:**\n- **Role:** Cook", {"role": "Cook"}),
        ("**Emoji:**\n\nNext paragraph", {}),
        ("#\n\nNo title", {}),
        ("#hashtag", {}),
        ("## Second level", {}),
        ("# One\n# Two", {"title": "One"}),
        ("", {}),
    ],
)
def test_quirks_of_an_identity(line: str, fields: dict[str, str]) -> None:
    assert identity_fields(line) == fields


@pytest.mark.parametrize("text", ["finn", "Finn_2", "a", "0-1", "x" * 64])
def test_folder_names_that_will_do(text: str) -> None:
    assert is_agent_id(text)


@pytest.mark.parametrize(
    "text", ["", "my agent", ".finn", "_finn", "-f", "é", "a/b", "x" * 65, "a\n"]
)
def test_folder_names_that_will_not(text: str) -> None:
    assert not is_agent_id(text)


def test_how_a_list_shows_an_agent() -> None:
    assert Agent("finn", "Finn", "🏗️", "Architect").title == "🏗️ Finn, Architect"
    assert Agent("finn", "Finn").title == "Finn"


def test_a_model_is_told_all_files_in_order() -> None:
    told = system_prompt(
        Agent("f", "Finn", identity="I am Finn.\n", soul=" Calm. ", instructions="Help.")
    )
    assert told.startswith("I am Finn.\n\nCalm.\n\nHelp.\n\n# Where you are\n")
    assert "You are Finn." not in told


def test_an_agent_without_files_still_has_a_name() -> None:
    assert system_prompt(Agent("f", "Finn", soul=" \n")).startswith("You are Finn.\n\n# Where")
