"""The commands people can send. One table; parsing, `/help` and the documentation come from it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One row of the table."""

    name: str
    argument: str  # how `/help` names what follows, empty if nothing does
    help: str
    aliases: tuple[str, ...] = ()
    asks_model: bool = False  # it takes the agent's model, and so counts for the day's budget
    interrupts: bool = False  # it does not wait for the turn that is running

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.argument}".rstrip()


@dataclass(frozen=True)
class Call:
    """A message read as a command."""

    name: str
    argument: str
    command: Command | None  # None when the table has no such name

    @property
    def asks_model(self) -> bool:
        return self.command is not None and self.command.asks_model

    @property
    def interrupts(self) -> bool:
        return self.command is not None and self.command.interrupts


COMMANDS: Sequence[Command] = (
    Command("agent", "<name>", "Switch to a specific agent", aliases=("switch",)),
    Command("agents", "", "List all available agents"),
    Command("new", "", "Start a fresh conversation (clears history)"),
    Command("model", "<name>", "Switch the AI model for your session"),
    Command("modelfavs", "", "Show your favorite models"),
    Command("help", "", "Show available commands"),
    Command("status", "", "Show who answers, with which model, and what it has cost"),
    Command("context", "", "Show how much of our conversation I remember"),
    Command(
        "compact", "[instructions]", "Summarize our conversation to make room", asks_model=True
    ),
    Command("stop", "", "Stop the answer I am working on", interrupts=True),
    Command("end", "", "End the session with this agent"),
)
_BY_NAME = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
# A letter, then anything up to the first space of any kind but no second slash.
_CALL = re.compile(r"/(?P<name>[^\W\d_][^\s/]*)(?:\s+(?P<argument>.*))?", re.DOTALL)


def parse(text: str) -> Call | None:
    """Read a message as a command, or None if it is not one.

    Only a slash directly followed by a letter makes a command: "/ 2" and "//" are talk. A path
    such as /etc/hosts is talk too.
    """
    call = _CALL.fullmatch(text.strip())
    if call is None:
        return None
    name = call["name"].lower()
    return Call(name, call["argument"] or "", _BY_NAME.get(name))


def help_text() -> str:
    """The answer to `/help`, in WhatsApp's formatting."""
    lines = [f"*{command.usage}*: {command.help}" for command in COMMANDS]
    return "\n".join(["You can send me:", *lines])
