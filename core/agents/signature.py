"""What a message looks like that an agent sends on its own: first a line that says who writes.

Several agents share one number; without the line people don't know which of them it was.
"""

from core.agents.agent import Agent
from core.text import chunks, whatsapp

URGENT = "URGENT: "


def sign_text(agent: Agent, markdown: str, *, urgent: bool = False) -> list[str]:
    """The pieces to send, in WhatsApp's formatting. None at all where there is nothing to see."""
    text = whatsapp.to_whatsapp(markdown).strip()
    if not text:
        return []
    name = f"{agent.emoji} *{agent.name}*".strip()
    return chunks.split(f"{name}\n{URGENT if urgent else ''}{text}")
