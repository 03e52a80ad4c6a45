"""What an agent reads of a turn, as one value from the chat to the model."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A picture, a sound or a document that comes with the words."""

    media_type: str  # such as image/jpeg
    data: bytes = field(repr=False)
    description: str  # one line in place of it, where only words can be kept or read


@dataclass(frozen=True)
class Content:
    """Words and parts, in this order. Empty content is false."""

    text: str
    parts: tuple[Part, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.parts)

    @property
    def as_text(self) -> str:
        """All of it in words, each part as a line: what is stored, counted and searched."""
        return "\n".join(filter(None, [self.text, *(part.description for part in self.parts)]))
