"""The messages that a person writes with a phone: text, reactions, edits, places, cards, polls."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulator.phones import attachments, content
from simulator.phones.composer import Chat, Composer, Quoted
from simulator.phones.content import Content
from simulator.phones.message import Message
from simulator.wire.jid import STATUS

if TYPE_CHECKING:
    from simulator.phones.phone import Phone


class MessageActions(Composer):
    """Messages without a file.

    `to` defaults to the only linked account; it may be a group. Each verb returns the id of the
    message that it has sent; in flight mode the message waits on the phone.
    """

    async def says(
        self,
        text: str,
        to: Chat | None = None,
        quoting: Quoted = None,
        mentioning: "Phone | None" = None,
    ) -> str:
        """Send a text. `mentioning` puts @ and the other's number before it, as in a group."""
        if mentioning:
            text = f"@{mentioning.jid.user} {text}"
        jid = str(mentioning.jid) if mentioning else None
        return await self._send_quoting(to, quoting, lambda quote: content.text(text, quote, jid))

    async def sends(self, message: Any, to: Chat | None = None, *, edit: str | None = None) -> str:
        """Send any waE2E.Message."""
        return await self._send(message, to, edit=edit)

    async def posts_status(self, text: str, to: "Phone | None" = None) -> str:
        """Post a status that the other account may see."""
        return await self._send(content.text(text), to, chat=STATUS)

    async def reacts(self, message_id: str, emoji: str, to: Chat | None = None) -> str:
        """React to a message of the chat; an empty emoji takes the reaction back."""
        return await self._send(content.reaction(self._key(to, message_id), emoji), to)

    async def edits(self, message_id: str, text: str, to: Chat | None = None) -> str:
        """Change a message sent from this phone. Raises ValueError for another's."""
        self._require_own(message_id)
        return await self._send(content.edit(self._key(to, message_id), text), to, edit="1")

    async def deletes(self, message_id: str, to: Chat | None = None) -> str:
        """Delete a message sent from this phone for everyone. Raises ValueError for another's."""
        self._require_own(message_id)
        return await self._send(content.delete(self._key(to, message_id)), to, edit="7")

    async def sends_location(
        self,
        latitude: float,
        longitude: float,
        name: str = "",
        address: str = "",
        to: Chat | None = None,
        quoting: Quoted = None,
    ) -> str:
        return await self._send_quoting(
            to,
            quoting,
            lambda quote: attachments.location(latitude, longitude, name, address, quote),
        )

    async def sends_contact(
        self, name: str, number: str, to: Chat | None = None, quoting: Quoted = None
    ) -> str:
        return await self._send_quoting(
            to, quoting, lambda quote: attachments.contact(name, number, quote)
        )

    async def sends_poll(
        self,
        question: str,
        options: Sequence[str],
        several: bool = False,
        to: Chat | None = None,
        quoting: Quoted = None,
    ) -> str:
        """Ask; `several`: one may choose more than one option."""
        secret = self._handset.clockwork.random(32)
        return await self._send_quoting(
            to, quoting, lambda quote: attachments.poll(question, options, secret, several, quote)
        )

    def remembers(
        self, text: str, by: "Phone | None" = None, to: "Phone | None" = None, at: float = 0
    ) -> Message:
        """A message of the past: it is not delivered, but a device linked later reads it.

        `by` another phone, or by this one and `to` another; `at` in Unix seconds.
        """
        other = by or to or self._simulator.bot
        clockwork = self._handset.clockwork
        message = Message.of(
            Content("text", text),
            clockwork.message_id(),
            other.number if by else self.number,
            content.text(text),
            chat=other.number,
            at=at or clockwork.now(),
            from_me=by is None,
        )
        self.messages[message.id] = message
        return message
