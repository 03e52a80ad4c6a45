"""Changing an IDENTITY.md: what was not changed stays, to the byte."""

import pytest

from core.agents.agent import identity_fields
from core.agents.identity import with_fields

GRACE = """\
# Grace — Executive Assistant

- **Name:** Grace
- **Origin:** United States
- **Role:** Executive Assistant
- **Emoji:** 📝
- **Pipeline Stage:** NONE

Grace keeps **promises:** all of them.
"""
BEFORE = {"name": "Grace", "role": "Executive Assistant", "emoji": "📝"}


def changed(markdown: str, **wanted: str) -> str:
    return with_fields(markdown, BEFORE, wanted)


def test_nothing_new_changes_nothing() -> None:
    assert changed(GRACE, **BEFORE) == GRACE


def test_a_role_is_changed_where_it_stands_and_in_the_heading() -> None:
    assert changed(GRACE, role="Chief of Staff") == GRACE.replace(
        "Executive Assistant", "Chief of Staff"
    )


def test_a_name_is_changed_where_it_stands_and_in_the_heading() -> None:
    assert changed(GRACE, name="Ada 🦉") == GRACE.replace("# Grace", "# Ada 🦉").replace(
        "Name:** Grace", "Name:** Ada 🦉"
    )


@pytest.mark.parametrize("title", ["# Gracefully yours", "# The team", "# About Grace"])
def test_a_heading_about_something_else_stays(title: str) -> None:
    text = GRACE.replace("# Grace — Executive Assistant", title)
    assert changed(text, name="Ada").startswith(title + "\n")


def test_an_empty_value_takes_the_line_away() -> None:
    assert changed(GRACE, emoji="") == GRACE.replace("- **Emoji:** 📝\n", "")


def test_of_two_lines_the_first_counts_and_both_go() -> None:
    text = GRACE + "- **Emoji:** 🧪"
    assert identity_fields(changed(text, emoji="🔧"))["emoji"] == "🔧"
    assert "🧪" in changed(text, emoji="🔧")
    assert "emoji" not in identity_fields(changed(text, emoji=""))


def test_a_missing_field_joins_its_neighbours() -> None:
    text = "# Jim\n\n- **Name:** Jim\n* **Origin:** NY\n\n## Else\n- **Pets:** two\n"
    wanted = with_fields(text, {"name": "Jim"}, {"name": "Jim", "role": "Finance"})
    assert wanted == text.replace("NY\n", "NY\n- **Role:** Finance\n")


def test_a_field_without_a_value_gets_one() -> None:
    text = "- **Name:** Jim\n- **Role:**\n- **Emoji:** 💰\n"
    wanted = with_fields(text, {"name": "Jim", "emoji": "💰"}, {"role": "Finance"})
    assert wanted == text.replace("Role:**", "Role:** Finance")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "# Ada\n\n- **Name:** Ada\n- **Role:** Owl\n"),
        ("# Luke\n", "# Ada\n\n- **Name:** Ada\n- **Role:** Owl\n"),
        ("# Luke\n\nHe runs.\n", "# Ada\n\n- **Name:** Ada\n- **Role:** Owl\n\nHe runs.\n"),
        ("He runs.\n", "- **Name:** Ada\n- **Role:** Owl\n\nHe runs.\n"),
    ],
)
def test_a_file_without_fields_gets_them(text: str, wanted: str) -> None:
    found = with_fields(text, {"name": "Luke"}, {"name": "Ada", "role": "Owl", "emoji": ""})
    assert found == wanted


def test_windows_line_ends_stay() -> None:
    text = GRACE.replace("\n", "\r\n")
    for wanted in (BEFORE | {"name": "Ada"}, BEFORE | {"emoji": ""}):
        found = changed(text, **wanted)
        assert found.replace("\r\n", "\n") == changed(GRACE, **wanted)
        assert found.count("\r") == found.count("\n")
    bare = text.replace("- **Emoji:** 📝\r\n", "")
    found = with_fields(bare, {"name": "Grace"}, {"emoji": "🦉"})
    assert found == bare.replace("NONE", "NONE\r\n- **Emoji:** 🦉")


@pytest.mark.parametrize("name", [r"a\1", r"\g<0>", "x*y", "**b**", "A — B", "(?i)"])
def test_values_are_text(name: str) -> None:
    found = changed(GRACE, name=name)
    assert identity_fields(found)["name"] == name
    again = with_fields(found, BEFORE | {"name": name}, {"name": "Grace"})
    assert again == GRACE
