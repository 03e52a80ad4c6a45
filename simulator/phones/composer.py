"""How a phone sends what its person has written: addressed, quoted, with its file uploaded.

What message_actions.py and file_actions.py share.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union

from simulator.phones import content, media
from simulator.phones.display import Display
from simulator.phones.message import Message
from simulator.phones.outgoing import Outgoing
from simulator.service.groups import Group
from simulator.wire.jid import Jid

if TYPE_CHECKING:
    from simulator.phones.phone import Phone

Chat = Union["Phone", Group]
Quoted = Message | str | None  # a message, or the id of one


class Composer(Display):
    """Sends `waE2E.Message`s. `to` defaults to the phone of the only linked account."""

    async def _send_quoting(
        self, to: Chat | None, quoting: Quoted, build: Callable[[Any], Any], file: Any = None
    ) -> str:
        """Send what `build` makes of the reference to the quoted message, or of None."""
        quote = self._quote(quoting) if quoting else None
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
        place = self._simulator.server.media.keep(sealed.data)
        about = sealed.fields() | {
            "URL": place.url,
            "directPath": place.direct_path,
            "mediaKeyTimestamp": clockwork.seconds(),
        }
        return await self._send_quoting(to, quoting, lambda quote: build(about, quote), sealed.data)

    async def _send(
        self,
        message: Any,
        to: Chat | None,
        *,
        chat: Jid | None = None,
        edit: str | None = None,
        file: bytes | None = None,
    ) -> str:
        """Send a waE2E.Message; returns its id. `chat` if it is not the one with `to`: the status.
        `edit`: the stanza's attribute (1 for an edit, 7 for a delete). `file`: encrypted."""
        other = to or self._simulator.bot
        if isinstance(other, Group):
            name, accounts = str(other.jid), other.members
        else:
            name, accounts = other.number, [other.account]
        message_id = self._handset.clockwork.message_id()
        attrs = {"edit": edit} if edit else {}
        outgoing = Outgoing(message, chat or other.jid, message_id, attrs, file)
        self.record_sending(outgoing, str(chat) if chat else name)
        self._handset.send(accounts, outgoing)
        await asyncio.sleep(0)  # lets others run between the messages of a long test
        return message_id

    def _key(self, to: Chat | None, message_id: str) -> Any:
        """The reference to a message of the chat, for a reaction, an edit or a delete."""
        other, known = to or self._simulator.bot, self.messages.get(message_id)
        from_me = bool(known and known.from_me)
        author = None
        if isinstance(other, Group) and known and not from_me:
            author = self.chat_jid(known.sender)
        return content.key(str(other.jid), message_id, from_me=from_me, author=author)

    def _quote(self, quoted: Message | str) -> Any:
        known = self.messages[quoted] if isinstance(quoted, str) else quoted
        author = str(self._handset.jid) if known.from_me else self.chat_jid(known.sender)
        return content.quote(known.id, author, known.text)

    def _require_own(self, message_id: str) -> None:
        """Raises ValueError for a message that was not sent from this phone."""
        message = self.messages.get(message_id)
        if message is None or not message.from_me:
            raise ValueError(f"{message_id} was not sent from this phone")
