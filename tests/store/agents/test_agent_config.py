"""Changing keys of a config.yml: everything else stays, to the byte wherever that is possible."""

import pytest
from ruamel.yaml import YAML

from store.agents.agent_config import with_keys

YUKI = """\
# Night shift only. Ask Ana before you change this.
coordination:
  max_concurrent_pulse_sessions: 2
  wake_guardrails: {cooldown_seconds: 300}   # per pair
executor_model: ''
model: openrouter/x-ai/grok-4.1-fast   # cheap
pulse_blackouts:
- end_time: 07:00
  label: "Nighttime"
  start_time: '23:00'
pulse_columns: [Ready,Failed]
thinkingModel: moonshotai/kimi-k2.5


thinking_level: 'off'
"""


def loaded(text: str) -> object:
    return YAML(typ="safe").load(text)


def test_a_value_is_replaced_where_it_stands() -> None:
    assert with_keys(YUKI, {"model": "openai/gpt-4o"}) == YUKI.replace(
        "openrouter/x-ai/grok-4.1-fast", "openai/gpt-4o"
    )


def test_what_is_so_already_is_not_touched() -> None:
    same = {"model": "openrouter/x-ai/grok-4.1-fast", "whatsapp": None}
    assert with_keys(YUKI, same) == YUKI


def test_new_keys_come_last() -> None:
    found = with_keys(YUKI, {"fallback_model": "ollama/llama3:8b", "whatsapp": False})
    assert found == YUKI + "fallback_model: 'ollama/llama3:8b'\nwhatsapp: false\n"


def test_a_key_is_taken_away() -> None:
    assert with_keys(YUKI, {"model": None}) == YUKI.replace(
        "model: openrouter/x-ai/grok-4.1-fast   # cheap\n", ""
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "model: a/b\n"),
        ("# nothing yet", "# nothing yet\nmodel: a/b\n"),
        ("x: 1", "x: 1\nmodel: a/b\n"),
        ("model:\nx: 1\n", "model: a/b\nx: 1\n"),
        ("x: 1\nmodel: # none\n", "x: 1\nmodel: a/b # none\n"),
        ("model: 'it''s #1' # c\n", "model: a/b # c\n"),
        ('model: "q\\" #" # c\n', "model: a/b # c\n"),
        ('"model":  x\n', '"model":  a/b\n'),
        ("model: x#y\n", "model: a/b\n"),
        ("x: |\n  text\n  # no comment\n", "x: |\n  text\n  # no comment\nmodel: a/b\n"),
        ("x: 1\r\nmodel: y\r\n", "x: 1\r\nmodel: a/b\r\n"),
        ("x: 1\r\n", "x: 1\r\nmodel: a/b\r\n"),
        ("---\nmodel: x\n", "---\nmodel: a/b\n"),
        ("x:\n  model: 1\nmodel: y\n", "x:\n  model: 1\nmodel: a/b\n"),
        ("x: 1\nmodel: y", "x: 1\nmodel: a/b"),
    ],
)
def test_ways_to_write_it(text: str, wanted: str) -> None:
    assert with_keys(text, {"model": "a/b"}) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "model: >-\n  folded\n  text\nx: 1 # kept\n",
        "{model: x, x: 1} # kept\n",
        "x: 1 # kept\n...\n",
        "? model\n: y\nx: 1 # kept\n",
        "model: &m y\nother: *m\nx: 1 # kept\n",
        "model: !!str y\nx: 1 # kept\n",
    ],
)
@pytest.mark.parametrize("value", ["a/b", None])
def test_hard_ones_still_say_the_right_thing(text: str, value: str | None) -> None:
    before = loaded(text)
    assert isinstance(before, dict)
    wanted = {**before, "model": value} if value else {k: before[k] for k in before if k != "model"}
    found = with_keys(text, {"model": value})
    assert loaded(found) == wanted
    assert "# kept" in found


@pytest.mark.parametrize("value", ["true", "1", "a: b", "x # y", "- z", "it's", "é/ü", "null"])
def test_any_text_comes_back_as_that_text(value: str) -> None:
    assert loaded(with_keys(YUKI, {"model": value})) == {**loaded(YUKI), "model": value}
