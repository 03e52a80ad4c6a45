"""A connection to a server that is not to be had."""

import pytest

from core.agents.mcp_config import McpServer
from worker.tools import mcp_connection


def server(**facts: object) -> McpServer:
    return McpServer("notes", **facts)  # type: ignore[arg-type]


def test_the_words_are_one_line_and_bearable() -> None:
    error = ExceptionGroup("outer", [ExceptionGroup("inner", [ValueError("first\n  line")])])
    assert mcp_connection.explain(server(), error) == "first line"
    assert mcp_connection.explain(server(), ValueError()) == "ValueError"
    assert len(mcp_connection.explain(server(), ValueError("x" * 10_000))) == mcp_connection.OUTPUT


def test_secrets_of_the_entry_are_left_out() -> None:
    entry = server(command="x", env=(("TOKEN", "very-secret-token"),))
    assert "very-secret-token" not in mcp_connection.render_line(
        entry, "refused: very-secret-token"
    )


async def test_a_program_that_cant_be_started_says_why(tmp_path) -> None:
    connection = mcp_connection.McpConnection(
        server(command=str(tmp_path / "nothing"), cwd=str(tmp_path))
    )
    with pytest.raises(mcp_connection.ServerFailed):
        await connection.wait_until_open()
    connection.end()
    await connection.task
