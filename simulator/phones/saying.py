"""What a person does with a phone: writes, sends files, reacts, edits, types, reads, goes away."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Union

from simulator.phones import attachments, content, media
from simulator.phones.content import Content
from simulator.phones.handset import Addressing, Handset, Outgoing
from simulator.phones.message import Message
from simulator.service.account import Account
from simulator.service.groups import Group
from simulator.wire.jid import STATUS, Jid
from simulator.wire.node import node

if TYPE_CHECKING:
    from simulator.phones.phone import Phone
    from simulator.simulator import Simulator

Chat = Union["Phone", Group]
Quoted = Message | str | None  # a message, or the id of one


class Saying:
    """The verbs of a phone. `to` defaults to the only linked account; it may be a group.

    All return the id of the message they have sent. In flight mode it waits on the phone.
    """

    _simulator: "Simulator"
    _handset: Handset
    messages: dict[str, Message]

    # Messages

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
        return await self._attach(to, quoting, lambda quote: content.text(text, quote, jid))

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
        self._own(message_id)
        return await self._send(content.edit(self._key(to, message_id), text), to, edit="1")

    async def deletes(self, message_id: str, to: Chat | None = None) -> str:
        """Delete a message sent from this phone for everyone. Raises ValueError for another's."""
        self._own(message_id)
        return await self._send(content.delete(self._key(to, message_id)), to, edit="7")

    # Files and the like

    async def sends_picture(
        self,
        data: bytes,
        caption: str = "",
        mimetype: str = "image/png",
        to: Chat | None = None,
        quoting: Quoted = None,
    ) -> str:
        return await self._upload(
            "imageMessage", data, to, quoting,
            lambda file, quote: attachments.picture(file, mimetype, caption, quote),
        )  # fmt: skip

    async def sends_video(
        self,
        data: bytes,
        caption: str = "",
        seconds: int = 1,
        mimetype: str = "video/mp4",
        to: Chat | None = None,
        quoting: Quoted = None,
    ) -> str:
        return await self._upload(
            "videoMessage", data, to, quoting,
            lambda file, quote: attachments.video(file, mimetype, caption, seconds, quote),
        )  # fmt: skip

    async def sends_voice(
        self,
        data: bytes,
        seconds: int = 1,
        mimetype: str = "audio/ogg; codecs=opus",
        to: Chat | None = None,
        quoting: Quoted = None,
    ) -> str:
        """A voice note."""
        return await self._upload(
            "audioMessage", data, to, quoting,
            lambda file, quote: attachments.voice(file, mimetype, seconds, quote),
        )  # fmt: skip

    async def sends_document(
        self,
        data: bytes,
        name: str,
        mimetype: str = "application/octet-stream",
        caption: str = "",
        to: Chat | None = None,
        quoting: Quoted = None,
    ) -> str:
        return await self._upload(
            "documentMessage", data, to, quoting,
            lambda file, quote: attachments.document(file, name, mimetype, caption, quote),
        )  # fmt: skip

    async def sends_sticker(
        self,
        data: bytes,
        mimetype: str = "image/webp",
        to: Chat | None = None,
        quoting: Quoted = None,
    ) -> str:
        return await self._upload(
            "stickerMessage", data, to, quoting,
            lambda file, quote: attachments.sticker(file, mimetype, quote),
        )  # fmt: skip

    async def sends_location(
        self,
        latitude: float,
        longitude: float,
        name: str = "",
        address: str = "",
        to: Chat | None = None,
        quoting: Quoted = None,
    ) -> str:
        return await self._attach(
            to,
            quoting,
            lambda quote: attachments.location(latitude, longitude, name, address, quote),
        )

    async def sends_contact(
        self, name: str, number: str, to: Chat | None = None, quoting: Quoted = None
    ) -> str:
        return await self._attach(
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
        return await self._attach(
            to, quoting, lambda quote: attachments.poll(question, options, secret, several, quote)
        )

    # What is no message

    async def composing(self, to: Chat | None = None) -> None:
        """Show "typing..." to the other side."""
        self._chatstate(to, "composing")

    async def recording(self, to: Chat | None = None) -> None:
        """Show "recording audio..." to the other side."""
        self._chatstate(to, "composing", media="audio")

    async def stops_typing(self, to: Chat | None = None) -> None:
        self._chatstate(to, "paused")

    async def reads(self, message: "Message | str") -> None:
        """Open the chat: blue ticks for a message, on the device that sent it."""
        known = self.messages[message] if isinstance(message, str) else message
        account = self._simulator.server.accounts[known.sender.strip("+")]
        group = Jid.parse(known.chat) if "@" in known.chat else None
        if companion := account.companions.get(known.from_device):
            self._handset.read(known.id, companion, group)
        elif known.from_device == 0:
            account.handset.phone.receipt_arrived(known.id, "read")

    async def opens(self, message: "Message | str") -> bytes:
        """The file that came with a message. Raises LookupError if there is none any more, and
        media.BadMedia if it is not what the message says."""
        known = self.messages[message] if isinstance(message, str) else message
        found = media.part(content.unwrap(known.raw))
        if found is None:
            raise LookupError(f"there is no file with {known.id}")
        kind, about = found
        sealed = self._handset.files.get(known.id) or self._media.fetch(about.directPath)
        if sealed is None:
            raise LookupError(f"the file of {known.id} is not there any more")
        self._handset.files[known.id] = sealed
        return media.open_sealed(sealed, kind, about)

    async def goes_offline(self) -> None:
        """Flight mode: what is sent to this phone waits, and so does what it sends."""
        self._handset.online = False

    async def comes_online(self) -> None:
        self._handset.go_online()

    async def renames(self, name: str) -> None:
        """Change the name that others see with the next message."""
        self._handset.rename(name)

    async def is_addressed_by(self, addressing: Addressing) -> None:
        """From now on others see this phone under its number or under its LID."""
        self._handset.addressing = addressing

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
            other.number if by else self._handset.phone.number,
            content.text(text),
            chat=other.number,
            at=at or clockwork.now(),
            from_me=by is None,
        )
        self.messages[message.id] = message
        return message

    # Inside

    @property
    def _media(self) -> Any:
        return self._simulator.server.media

    async def _attach(
        self, to: Chat | None, quoting: Quoted, build: Callable[[Any], Any], file: Any = None
    ) -> str:
        quote = self._quote(to, quoting) if quoting else None
        return await self._send(build(quote), to, file=file)

    async def _upload(
        self,
        field: str,
        data: bytes,
        to: Chat | None,
        quoting: Quoted,
        build: Callable[[dict[str, Any], Any], Any],
    ) -> str:
        """Put a file where linked devices find it, and send the message about it."""
        clockwork = self._handset.clockwork
        sealed = media.seal(data, media.KINDS[field], clockwork.random(32))
        place = self._media.keep(sealed.data)
        about = sealed.fields() | {
            "URL": place.url,
            "directPath": place.direct_path,
            "mediaKeyTimestamp": clockwork.seconds(),
        }
        return await self._attach(to, quoting, lambda quote: build(about, quote), sealed.data)

    async def _send(
        self,
        message: Any,
        to: Chat | None,
        *,
        chat: Jid | None = None,
        edit: str | None = None,
        file: bytes | None = None,
    ) -> str:
        other = to or self._simulator.bot
        attrs = {"edit": edit} if edit else {}
        message_id = self._handset.clockwork.message_id()
        outgoing = Outgoing(message, chat or other.jid, message_id, attrs, file)
        self._handset.phone.record_sending(outgoing, str(chat) if chat else _name(other))
        self._handset.send(_accounts(other), outgoing)
        await asyncio.sleep(0)  # a test that says a lot in a row lets the loop turn
        return message_id

    def _chatstate(self, to: Chat | None, state: str, **attrs: str) -> None:
        other, own = to or self._simulator.bot, self._handset
        if not own.online:
            return
        origin = {"from_": own.jid}
        if isinstance(other, Group):
            origin = {"from_": other.jid, "participant": own.jid}
        stanza = node("chatstate", node(state, **attrs), **origin)
        for account in _accounts(other):
            if account is own.account:
                continue
            for companion in account.companions.values():
                if companion.connection:
                    companion.connection.send(stanza)
            account.handset.receive(stanza)

    def _key(self, to: Chat | None, message_id: str) -> Any:
        other, known = to or self._simulator.bot, self.messages.get(message_id)
        from_me = bool(known and known.from_me)
        author = None
        if isinstance(other, Group) and known and not from_me:
            author = self._handset.phone.chat_jid(known.sender)
        return content.key(str(other.jid), message_id, from_me=from_me, author=author)

    def _quote(self, to: Chat | None, quoted: "Message | str") -> Any:
        known = self.messages[quoted] if isinstance(quoted, str) else quoted
        phone = self._handset.phone
        author = str(phone.jid) if known.from_me else phone.chat_jid(known.sender)
        return content.quote(known.id, author, known.text)

    def _own(self, message_id: str) -> Message:
        message = self.messages.get(message_id)
        if message is None or not message.from_me:
            raise ValueError(f"{message_id} was not sent from this phone")
        return message


def _name(chat: Chat) -> str:
    return str(chat.jid) if isinstance(chat, Group) else chat.number


def _accounts(to: Chat) -> list[Account]:
    return to.members if isinstance(to, Group) else [to.account]
