"""What the model demo/echo says: enough to try every part of the product without a key, and never
so much that a person could take it for an AI."""

from core.agents.agent import Agent
from core.text.shortening import shorten

LABEL = "Demo (no AI)"
ECHOED = 600  # characters; who sends a novel need not read it again


def render_echo(agent: Agent, text: str, *, is_first: bool) -> str:
    """The answer in Markdown; the longer one at the start of a conversation."""
    intro = f"**{LABEL}.** {agent.title} received this from you:"
    parts = [intro, _quote(text)]
    if is_first:
        parts += [_EXPLANATION]
    return "\n\n".join(parts)


def _quote(text: str) -> str:
    """As code, so that what a person wrote comes back exactly as it was."""
    shown = shorten(text, ECHOED)
    fence = "```"
    while fence in shown:
        fence += "`"
    return f"{fence}\n{shown}\n{fence}"


_EXPLANATION = """\
There is no AI behind me yet, so I can only repeat your words. What already works:

- `/agents` shows who is here, `/agent <name>` switches
- `/new` starts our conversation afresh
- `/model <name>` chooses another model for it

Real answers need the key of an AI provider. The owner of this number can add one."""
