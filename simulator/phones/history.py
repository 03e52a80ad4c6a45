"""What a phone tells a newly linked device of the past.

Source: whatsmeow's handling of history sync notifications: a compressed HistorySync, inside the
notification when it is small, else encrypted on the media host.
"""

import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulator.clockwork import Clockwork
from simulator.phones import content, media
from simulator.service.media_host import MediaHost
from simulator.wire.protobufs import common, e2e, history, web

if TYPE_CHECKING:
    from simulator.phones.message import Message
    from simulator.phones.phone import Phone

INLINE_LIMIT = 32 * 1024  # bytes; what is larger travels beside the message


def notifications(phone: "Phone", host: MediaHost, clockwork: Clockwork) -> "list[e2e.Message]":
    """The messages with which the phone shares its chats and its contacts' names."""
    past = history.HistorySync(
        syncType=history.HistorySync.INITIAL_BOOTSTRAP,
        chunkOrder=1,
        progress=100,
        conversations=_conversations(phone),
    )
    names = history.HistorySync(
        syncType=history.HistorySync.PUSH_NAME,
        pushnames=[
            history.Pushname(ID=str(other.jid), pushname=other.name)
            for other in phone.contacts()
            if other is not phone
        ],
    )
    return [_notification(sync, host, clockwork) for sync in (past, names)]


def _conversations(phone: "Phone") -> "Iterable[history.Conversation]":
    chats: dict[str, list[Message]] = {}
    for message in phone.messages.values():
        chats.setdefault(message.chat, []).append(message)
    for chat, messages in chats.items():
        jid = phone.chat_jid(chat)
        yield history.Conversation(
            ID=jid,
            messages=[
                history.HistorySyncMsg(message=_build_past(jid, message, phone), msgOrderID=order)
                for order, message in enumerate(messages, 1)
            ],
            conversationTimestamp=int(messages[-1].at),
            endOfHistoryTransfer=True,
        )


def _build_past(chat: str, message: "Message", phone: "Phone") -> "web.WebMessageInfo":
    in_group = chat.endswith("@g.us") and not message.from_me
    sender = phone.chat_jid(message.sender) if in_group else None
    return web.WebMessageInfo(
        key=common.MessageKey(
            remoteJID=chat, fromMe=message.from_me, ID=message.id, participant=sender
        ),
        message=message.raw or content.text(message.text),
        messageTimestamp=int(message.at),
        participant=sender,
    )


def _notification(
    sync: "history.HistorySync", host: MediaHost, clockwork: Clockwork
) -> "e2e.Message":
    blob = zlib.compress(sync.SerializeToString())
    about = e2e.HistorySyncNotification(
        syncType=e2e.HistorySyncType.Value(history.HistorySync.HistorySyncType.Name(sync.syncType)),
        chunkOrder=sync.chunkOrder,
        progress=sync.progress,
    )
    if len(blob) <= INLINE_LIMIT:
        about.initialHistBootstrapInlinePayload = blob
    else:
        sealed = media.seal(blob, media.HISTORY, clockwork.random(32))
        place = host.keep(sealed.data)
        fields = sealed.fields() | {"directPath": place.direct_path}
        about.MergeFrom(e2e.HistorySyncNotification(**fields))
    protocol = e2e.ProtocolMessage(
        type=e2e.ProtocolMessage.HISTORY_SYNC_NOTIFICATION, historySyncNotification=about
    )
    return e2e.Message(protocolMessage=protocol)
