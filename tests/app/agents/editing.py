"""The form of an agent, as a browser opens and sends it."""

from app.web.ext import Services
from tests.app.visitor import Visitor, tag


def read_form(services: Services, agent_id: str) -> dict[str, object]:
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


def read_etag(visitor: Visitor, agent_id: str) -> str:
    return tag(visitor.open(f"/agents/{agent_id}/"), "etag").split('value="')[1].split('"')[0]


def save_agent(visitor: Visitor, agent_id: str, htmx: bool = False, **changes: object):
    """Send the opened form with these changes; None leaves a field out."""
    services: Services = visitor.app.extensions["djinnbot"]
    fields = {"etag": read_etag(visitor, agent_id), **read_form(services, agent_id), **changes}
    sent = {name: value for name, value in fields.items() if value is not None}
    return visitor.submit(f"/agents/{agent_id}/", htmx, **sent)
