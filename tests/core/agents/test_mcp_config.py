"""`mcp_servers` of a config.yml: what is understood, what is refused, what stays secret."""

from typing import Any

import pytest

from core.agents import mcp_config
from core.agents.mcp_config import McpServer


def problem(entry: Any, name: Any = "files") -> str:
    """The sentence about the only entry."""
    found = mcp_config.read({"mcp_servers": {name: entry}})
    assert found.servers == ()
    [sentence] = found.problems
    return sentence


def server(entry: Any) -> McpServer:
    found = mcp_config.read({"mcp_servers": {"files": entry}})
    assert found.problems == ()
    [only] = found.servers
    return only


def test_no_servers() -> None:
    for config in (None, {}, {"model": "demo/echo"}, {"mcp_servers": None}, {"mcp_servers": {}}):
        assert mcp_config.read(config) == mcp_config.McpServers()


def test_a_program() -> None:
    assert server(
        {
            "command": "npx",
            "args": ["-y", "some-server", 8080, True],
            "env": {"TOKEN": "abc", "PORT": 1},
            "cwd": "/srv",
            "tools": ["read_file"],
            "timeout": 2.5,
        }
    ) == McpServer(
        "files",
        command="npx",
        args=("-y", "some-server", "8080", "true"),
        env=(("TOKEN", "abc"), ("PORT", "1")),
        cwd="/srv",
        tools=frozenset({"read_file"}),
        timeout=2.5,
    )


def test_an_address() -> None:
    assert server(
        {"url": "https://example.org/mcp", "headers": {"Authorization": "Bearer x"}}
    ) == McpServer("files", url="https://example.org/mcp", headers=(("Authorization", "Bearer x"),))


def test_tools_are_all_unless_some_are_named() -> None:
    assert server({"command": "x"}).allows("anything")
    assert not server({"command": "x", "tools": []}).allows("anything")
    assert server({"command": "x", "tools": ["a"]}).allows("a")


def test_a_disabled_server_is_neither_used_nor_a_problem() -> None:
    entry = {"command": "x", "disabled": True}
    assert mcp_config.read({"mcp_servers": {"files": entry}}) == mcp_config.McpServers()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("npx", "it must hold keys and values"),
        ({}, "it needs either a command or a url"),
        ({"command": "x", "url": "https://example.org"}, "it needs either a command or a url"),
        ({"command": ""}, "command must be text in one line"),
        ({"command": ["npx"]}, "command must be text"),
        ({"command": "a\nb"}, "command must be text in one line"),
        ({"command": "x", "args": "-y"}, "args must be a list"),
        ({"command": "x", "args": [{}]}, "args must be text"),
        ({"command": "x", "env": ["A=b"]}, "env must hold names and values"),
        ({"command": "x", "env": {"A": None}}, "env must be text"),
        ({"command": "x", "cwd": "here"}, "cwd must be an absolute path"),
        ({"command": "x", "headers": {}}, "headers belong to a url"),
        ({"url": "https://example.org", "env": {}}, "env belong to a command"),
        ({"url": "ftp://example.org"}, "url must begin with https:// or http://"),
        ({"url": "https://"}, "url must begin with"),
        ({"url": "https://[::1"}, "url must begin with"),
        ({"url": "https://example.org:99999"}, "url must begin with"),
        ({"url": "https://a b"}, "url must begin with"),
        ({"url": "https://a", "headers": {"a b": "c"}}, "headers must be names and values"),
        ({"url": "https://a", "headers": {"a": "ü"}}, "headers must be names and values"),
        ({"command": "x", "tools": "read"}, "tools must be a list"),
        ({"command": "x", "tool": ["read"]}, "unknown key tool"),
        ({"command": "x", "timeout": 0}, "timeout must be a number of seconds up to 600"),
        ({"command": "x", "timeout": 601}, "timeout must be"),
        ({"command": "x", "timeout": True}, "timeout must be"),
        ({"command": "x", "timeout": "5"}, "timeout must be"),
        ({"command": "x", "disabled": "yes"}, "disabled must be true or false"),
    ],
)
def test_what_cant_be_used_has_a_sentence(entry: Any, sentence: str) -> None:
    assert problem(entry).startswith(f"config.yml: mcp_servers: files: {sentence}")


@pytest.mark.parametrize("name", ["", "a b", "a__b", "_a", "a" * 33, 7, "é", "a.b"])
def test_names_that_a_model_could_not_use(name: Any) -> None:
    assert "a name has up to 32 letters" in problem({"command": "x"}, name)


@pytest.mark.parametrize("servers", [[], "npx", 3, True])
def test_servers_that_are_no_mapping(servers: Any) -> None:
    found = mcp_config.read({"mcp_servers": servers})
    assert found.problems == ("config.yml: mcp_servers must hold names and their servers.",)


def test_a_bad_server_does_not_stop_the_others() -> None:
    found = mcp_config.read({"mcp_servers": {"bad": {}, "good": {"command": "x"}}})
    assert [server.name for server in found.servers] == ["good"]
    assert len(found.problems) == 1


def test_there_is_an_end_to_servers() -> None:
    entries = {f"s{number}": {"command": "x"} for number in range(25)}
    found = mcp_config.read({"mcp_servers": entries})
    assert len(found.servers) == 20 and len(found.problems) == 5


def test_neither_problems_nor_repr_show_a_value() -> None:
    entry = {"command": "x", "env": {"TOKEN": "hush-hush"}, "headers": {"A": "hush-hush"}}
    assert "hush" not in problem(entry)
    shown = repr(server({"command": "x", "args": ["hush"], "env": {"TOKEN": "hush-hush"}}))
    assert "hush" not in shown and "files" in shown


def test_scrubbing() -> None:
    program = server(
        {
            "command": "x",
            "args": ["--api-key", "first-secret", "--token=second-secret", "/srv/files", "-v"],
            "env": {"TOKEN": "third-secret", "DEBUG": "1"},
        }
    )
    said = "first-secret second-secret third-secret 1 /srv/files -v"
    assert program.scrub(said) == "[secret] [secret] [secret] 1 /srv/files -v"
    address = server(
        {
            "url": "https://me:fourth-secret@example.org/mcp/0123456789abcdef?key=fifth-secret",
            "headers": {"Authorization": "Bearer sixth-secret"},
        }
    )
    said = "example.org/mcp 0123456789abcdef key=fifth-secret fourth-secret 'sixth-secret'"
    scrubbed = address.scrub(said)
    assert "secret-" not in scrubbed and "-secret" not in scrubbed and "0123" not in scrubbed
    assert scrubbed.startswith("example.org/mcp ")
