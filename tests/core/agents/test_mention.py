import pytest

from core.agents import mention
from core.agents.agent import Agent
from core.agents.mention import Mention

AGENTS = [
    Agent("finn", "Finn"),
    Agent("mary_ann", "Mary Ann"),
    Agent("mary", "Mary"),
    Agent("ops-1", "Ops (1)"),
]


@pytest.mark.parametrize(
    ("text", "agent", "rest"),
    [
        ("@finn hello", "finn", "hello"),
        ("@FINN hello", "finn", "hello"),
        ("  @Finn, hello", "finn", "hello"),
        ("@finn: hello\nyou", "finn", "hello\nyou"),
        ("@finn\nhello", "finn", "hello"),
        ("@finn", "finn", ""),
        ("@finn!", "finn", ""),
        ("@mary ann", "mary_ann", ""),
        ("@mary anna is here", "mary", "anna is here"),
        ("@mary_ann hi", "mary_ann", "hi"),
        ("@ops-1 hi", "ops-1", "hi"),
        ("@ops (1) hi", "ops-1", "hi"),
    ],
)
def test_a_leading_name_turns_to_an_agent(text: str, agent: str, rest: str) -> None:
    assert mention.read(text, AGENTS) == Mention(agent, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@ finn",
        "hello @finn",
        "finn hello",
        "@finnish food",
        "@fin hi",
        "@zoe hi",
        "@@finn",
    ]
    + ["@finn's idea", "@finn.com", "@15550000001 hi"],
)
def test_all_else_is_talk(text: str) -> None:
    assert mention.read(text, AGENTS) is None


def test_nobody_can_be_turned_to_where_nobody_is() -> None:
    assert mention.read("@finn hello", []) is None
