"""The files that a person sends with a phone, and opens on it."""

from simulator.phones import attachments, content, media
from simulator.phones.composer import Chat, Composer, Quoted
from simulator.phones.message import Message


class FileActions(Composer):
    """Pictures, videos, voice notes, documents and stickers.

    `to` defaults to the only linked account; it may be a group. Each `sends_...` returns the id of
    the message that it has sent; in flight mode the message waits on the phone.
    """

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

    async def opens(self, message: Message | str) -> bytes:
        """The file that came with a message. Raises LookupError if there is none any more, and
        media.BadMedia if it is not what the message says."""
        known = self.messages[message] if isinstance(message, str) else message
        found = media.part(content.unwrap(known.raw))
        if found is None:
            raise LookupError(f"there is no file with {known.id}")
        kind, about = found
        sealed = self._handset.files.get(known.id) or self._simulator.server.media.fetch(
            about.directPath
        )
        if sealed is None:
            raise LookupError(f"the file of {known.id} is not there any more")
        self._handset.files[known.id] = sealed
        return media.open_sealed(sealed, kind, about)
