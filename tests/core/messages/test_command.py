"""What is read as a command, and what is talk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages.command import COMMANDS, help_text, parse


@pytest.mark.parametrize(
    ("text", "name", "argument"),
    [
        ("/help", "help", ""),
        ("  /help \n", "help", ""),
        ("/HELP", "help", ""),
        ("/Agent Finn", "agent", "Finn"),
        ("/switch yukihiro", "agent", "yukihiro"),
        ("/agent   finn  ", "agent", "finn"),
        ("/agent\nfinn", "agent", "finn"),
        ("/agent\tfinn", "agent", "finn"),
        ("/agent\u00a0finn", "agent", "finn"),
        ("/agent\u2003finn", "agent", "finn"),
        ("/agent \n\n finn", "agent", "finn"),
        ("/agent\r\nfinn", "agent", "finn"),
        ("/new\nand a question\nof two lines", "new", "and a question\nof two lines"),
        ("/model openrouter/anthropic/claude-sonnet-4.6", "model", None),
        ("/modelfavs", "modelfavs", ""),
        ("/agents", "agents", ""),
    ],
)
def test_commands(text: str, name: str, argument: str | None) -> None:
    call = parse(text)
    assert call and call.command and call.command.name == name
    if argument is not None:
        assert call.argument == argument


@pytest.mark.parametrize("text", ["/shrug", "/agentfinn", "/help!", "/ünbekannt x", "/h2o"])
def test_unknown_commands_are_commands_all_the_same(text: str) -> None:
    call = parse(text)
    assert call and call.command is None
    assert call.name == text[1:].split()[0].lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "/",
        "//",
        "//help",
        "/ 2",
        "/ help",
        "/2",
        "/_x",
        "/-help",
        "/etc/hosts",
        "/etc/hosts is a file",
        "/help/agent",
        "/\nhelp",
        "help",
        "a /help",
        ".\n/help",
        "1/2",
        "https://example.com/help",
    ],
)
def test_talk(text: str) -> None:
    assert parse(text) is None


def test_a_slash_in_the_argument_is_fine() -> None:
    call = parse("/model openai/gpt-4o")
    assert call and call.argument == "openai/gpt-4o"


@given(st.sampled_from(COMMANDS), st.sampled_from(" \n\t\u00a0"), st.text(max_size=30))
def test_the_argument_is_what_follows(command, gap: str, argument: str) -> None:
    call = parse(f"/{command.name}{gap}{argument}")
    assert call and call.command is command
    assert call.argument == argument.strip()


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    call = parse(text)
    assert call is None or text.strip().startswith("/")


def test_the_help_lists_the_whole_table() -> None:
    lines = help_text().splitlines()
    assert len(lines) == 1 + len(COMMANDS)
    assert "*/agent <name>*: Switch to a specific agent" in lines
    assert "*/help*: Show available commands" in lines


def test_no_two_commands_share_a_name() -> None:
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))
    assert [command.name for command in COMMANDS[:6]] == [
        "agent",
        "agents",
        "new",
        "model",
        "modelfavs",
        "help",
    ]


def test_what_is_special_about_a_command_stands_in_the_table() -> None:
    assert [each.name for each in COMMANDS if each.asks_model] == ["compact"]
    assert [each.name for each in COMMANDS if each.interrupts] == ["stop"]


@pytest.mark.parametrize(
    ("text", "asks_model", "interrupts"),
    [("/compact in one line", True, False), ("/STOP now", False, True), ("/stopp", False, False)],
)
def test_a_call_is_as_special_as_its_command(text: str, asks_model: bool, interrupts: bool) -> None:
    call = parse(text)
    assert call and (call.asks_model, call.interrupts) == (asks_model, interrupts)
