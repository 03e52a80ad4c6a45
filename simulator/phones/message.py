"""What a phone shows: messages, and the lines of its transcript."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, Union

from simulator.phones.content import Content

# What `Phone.hears` waits for: exactly this text, a pattern, what a function accepts, or anything.
Matcher = Union[str, re.Pattern[str], Callable[["Message"], object], None]  # noqa: UP007


@dataclass(eq=False)
class Message:
    """A message on this phone."""

    id: str
    sender: str  # "+15550001000"
    text: str
    at: float  # Unix time when it reached or left this phone
    from_me: bool = False
    from_device: int = 0  # 0: typed on a phone, else the number of a linked device
    kind: str = "text"  # as in content.Content
    quoted_id: str | None = None
    edited: bool = False
    deleted: bool = False
    raw: Any = None  # the waE2E.Message
    chat: str = ""  # "+15550001000", or a group's JID

    @classmethod
    def of(
        cls,
        what: Content,
        message_id: str,
        sender: str,
        raw: Any,
        *,
        chat: str,
        at: float,
        from_me: bool = False,
        device: int = 0,
    ) -> Self:
        """A message that arrives or leaves now."""
        return cls(
            message_id,
            sender,
            what.text,
            at,
            from_me,
            device,
            what.kind,
            what.target,
            raw=raw,
            chat=chat,
        )

    def matches(self, what: Matcher) -> bool:
        """Whether this matches what a script waits for."""
        if what is None:
            return True
        if isinstance(what, str):
            return self.text == what
        if isinstance(what, re.Pattern):
            return what.search(self.text) is not None
        return bool(what(self))


class Entry(NamedTuple):
    """One line of the transcript."""

    at: float
    who: str
    what: str  # a message's kind, or typing, paused, delivered, read, undecryptable
    text: str = ""
    id: str = ""

    def __str__(self) -> str:
        return f"{self.who} {self.what} {self.text!r} {self.id}".replace(" ''", "").rstrip()
