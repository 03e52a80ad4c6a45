"""Agents as the API names them: by id, exactly."""

from flask import abort

from app.web.ext import agents
from core.agents.agent import Agent


def find(agent_id: str) -> Agent | None:
    return agents().load().agents.get(agent_id)


def refuse_unknown(agent_id: str | None, field: str) -> None:
    """422 for an agent that does not exist. None and the empty text name no agent."""
    if agent_id and find(agent_id) is None:
        abort(422, f"{field}: There is no agent “{agent_id}”.")
