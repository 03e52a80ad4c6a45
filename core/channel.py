"""Where a chat is: on WhatsApp, in a group there, or in the panel."""

from enum import StrEnum


class Channel(StrEnum):
    """Stored with the chat. Each has its own way to show what an agent writes."""

    WHATSAPP = "whatsapp"
    GROUP = "group"  # on WhatsApp too, with many people
    PANEL = "panel"  # the owner's chat in the browser

    @property
    def is_on_whatsapp(self) -> bool:
        return self in ON_WHATSAPP

    @property
    def uses_outbox(self) -> bool:
        """Whether replies are formatted and cut for WhatsApp and sent by its connection. Else they
        are read where they are stored."""
        return self.is_on_whatsapp

    @property
    def gathers_lines(self) -> bool:
        """Whether people write there in short lines that want one answer."""
        return self.is_on_whatsapp

    @property
    def keeps_agent(self) -> bool:
        """Whether a chat stays with its agent for ever, and not for the sticky minutes only."""
        return self is Channel.PANEL

    @property
    def shows_partials(self) -> bool:
        """Whether an answer can be watched while it grows."""
        return self is Channel.PANEL


ON_WHATSAPP = (Channel.WHATSAPP, Channel.GROUP)
