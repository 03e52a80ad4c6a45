"""A small bot directly on neonize, as a child process: it answers texts with the same text.

    python echo_client.py STORE EVENT_FD

It writes one JSON object per line to EVENT_FD (what happened) and reads one per line from stdin
(what to do). For each message it marks it read, reacts, shows typing, and echoes, unless told
`{"do": "mute"}`. The store is a file name without an extension.
"""

import ctypes
import json
import logging
import os
import queue
import sys
import threading
from typing import Any

import pylibmagic  # noqa: F401

logging.basicConfig(level=logging.WARNING)

import neonize.utils  # noqa: E402

neonize.utils.log.setLevel(os.environ.get("ECHO_LOG", "WARNING"))

from neonize.client import NewClient  # noqa: E402
from neonize.events import (  # noqa: E402
    ClientOutdatedEv,
    ConnectedEv,
    ConnectFailureEv,
    DisconnectedEv,
    HistorySyncEv,
    LoggedOutEv,
    MessageEv,
    PairStatusEv,
    StreamReplacedEv,
    TemporaryBanEv,
    UndecryptableMessageEv,
)
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import ImageMessage, Message  # noqa: E402
from neonize.utils.enum import ChatPresence, ChatPresenceMedia, Presence, ReceiptType  # noqa: E402
from neonize.utils.jid import build_jid  # noqa: E402

EVENTS = (
    ConnectedEv, DisconnectedEv, LoggedOutEv, StreamReplacedEv, ClientOutdatedEv,
    ConnectFailureEv, TemporaryBanEv, PairStatusEv, UndecryptableMessageEv,
)  # fmt: skip


class Echo(NewClient):
    """The client; callbacks come in one thread of neonize's, commands in the main thread."""

    def __init__(self, store: str, events: int):
        synchronous = os.environ.get("ECHO_SYNCHRONOUS", "NORMAL")
        options = f"?_foreign_keys=on&_journal_mode=WAL&_synchronous={synchronous}"
        super().__init__(f"{store}{options}&_busy_timeout=10000&x=", uuid=f"echo-{os.getpid()}")
        self.events = os.fdopen(events, "w", buffering=1)
        self.inbox: queue.Queue[Any] = queue.Queue()
        self.muted = False
        self.received: dict[str, Any] = {}  # messages by id
        self.event.qr(lambda _, data: self.tell("qr", data=data.decode()))
        for kind in EVENTS:
            self.event(kind)(self.reporter(kind.__name__))
        self.event(MessageEv)(self.got)
        self.event(HistorySyncEv)(self.learned)

    def reporter(self, name: str) -> Any:
        return lambda _, event: self.tell(name, data=str(event))

    def tell(self, event: str, **facts: Any) -> None:
        self.events.write(json.dumps({"event": event, **facts}) + "\n")

    def _NewClient__onLoginStatus(self, uuid: Any, status: int) -> None:  # noqa: N802
        self.tell("login", data=ctypes.string_at(status).decode())

    def learned(self, _: Any, event: Any) -> None:
        sync = event.Data
        said = [
            (chat.ID, each.message.key.fromMe, each.message.message.conversation)
            for chat in sync.conversations
            for each in chat.messages
        ]
        names = {each.ID: each.pushname for each in sync.pushnames}
        self.tell("history", kind=sync.syncType, said=said, names=names)

    def got(self, _: Any, event: Any) -> None:
        self.received[event.Info.ID] = event.Message
        source, message = event.Info.MessageSource, event.Message
        text = message.conversation or message.extendedTextMessage.text
        edited = message.protocolMessage.editedMessage
        self.tell(
            "message",
            id=event.Info.ID,
            text=text or edited.conversation,
            server=source.Chat.Server,
            chat=source.Chat.User,
            sender=source.Sender.User,
            alternative=source.SenderAlt.User,
            from_me=source.IsFromMe,
            name=event.Info.Pushname,
            quoted=message.extendedTextMessage.contextInfo.stanzaID,
            reaction=message.reactionMessage.text,
            target=message.protocolMessage.key.ID or message.reactionMessage.key.ID,
            protocol=message.HasField("protocolMessage"),
        )
        if text and not source.IsFromMe and source.Chat.Server in ("s.whatsapp.net", "lid"):
            self.inbox.put(event)

    def answer_for_ever(self) -> None:
        """In its own thread: neonize's callbacks must not wait for sends."""
        while True:
            event = self.inbox.get()
            if not self.muted:
                self.attempt("answer", lambda event=event: self.answer(event))

    def answer(self, event: Any) -> None:
        chat, sender = event.Info.MessageSource.Chat, event.Info.MessageSource.Sender
        text = event.Message.conversation or event.Message.extendedTextMessage.text
        composing = ChatPresence.CHAT_PRESENCE_COMPOSING, ChatPresence.CHAT_PRESENCE_PAUSED
        media = ChatPresenceMedia.CHAT_PRESENCE_MEDIA_TEXT
        if text.startswith("fast "):
            self.send_message(chat, Message(conversation=text))
            return
        self.mark_read(event.Info.ID, chat=chat, sender=sender, receipt=ReceiptType.READ)
        self.send_message(chat, self.build_reaction(chat, sender, event.Info.ID, "👀"))
        self.send_chat_presence(chat, composing[0], media)
        if text.startswith("quote "):
            self.reply_message(text, event)
        else:
            sent = self.send_message(chat, Message(conversation=text))
            self.tell("sent", id=sent.ID, text=text)
        self.send_chat_presence(chat, composing[1], media)

    def attempt(self, what: str, action: Any) -> None:
        try:
            self.tell("done", what=what, data=str(action()))
        except Exception as error:
            self.tell("failed", what=what, data=f"{type(error).__name__}: {error}")

    def obey(self, order: dict[str, Any]) -> None:
        what = order.pop("do")
        if what == "mute":
            self.muted = order["on"]
            self.tell("done", what=what)
            return
        actions = {
            "pair": lambda: self.PairPhone(order["phone"], True),
            "logout": self.logout,
            "available": lambda: self.send_presence(Presence.AVAILABLE),
            "connect": self.start,
            "stop": self.stop,
            "send": lambda: self.send_message(order["to"], Message(conversation=order["text"])).ID,
            "edit": lambda: self.edit_message(
                self.jid_of(order), order["id"], Message(conversation=order["text"])
            ),
            "revoke": lambda: self.revoke_message(
                self.jid_of(order), self.get_me().JID, order["id"]
            ),
        }
        actions |= {
            "download": lambda: self.download_any(self.received[order["id"]]).hex(),
            "picture": lambda: (
                self.send_message(order["to"], self.picture(bytes.fromhex(order["data"]))).ID
            ),
            "lookup": lambda: {
                each.Query: each.IsIn for each in self.is_on_whatsapp(*order["numbers"])
            },
            "profile": lambda: len(self.get_user_info(self.jid_of(order))[0].UserInfo.Devices),
            "portrait": lambda: self.get_profile_picture(self.jid_of(order)),
            "privacy": lambda: self.get_privacy_settings().ReadReceipts,
            "blocked": lambda: self.get_blocklist(),
            "status": lambda: self.set_status_message("busy"),
            "presence": lambda: self.subscribe_presence(self.jid_of(order)),
            "devices": lambda: len(self.get_user_devices(self.jid_of(order))),
            "status_privacy": lambda: self.get_status_privacy(),
            "link_of_contact": lambda: self.get_contact_qr_link(),
            "timer": lambda: self.set_default_disappearing_timer(0),
            "rename": lambda: self.set_profile_name(order["name"]),
            "group": lambda: self.group(order["group"]),
            "make_group": lambda: (
                self.create_group(
                    order["name"], [build_jid(number) for number in order["with"]]
                ).JID.User
            ),
            "groups": lambda: [each.GroupName.Name for each in self.get_joined_groups()],
            "say_in_group": lambda: (
                self.send_message(
                    self.group_jid(order["group"]), Message(conversation=order["text"])
                ).ID
            ),
        }
        self.attempt(what, actions[what])

    def group_jid(self, name: str) -> Any:
        return build_jid(name.partition("@")[0], "g.us")

    def group(self, name: str) -> list[Any]:
        group = self.get_group_info(self.group_jid(name))
        return [group.GroupName.Name, sorted(p.JID.User for p in group.Participants)]

    def picture(self, data: bytes) -> Message:
        from neonize.utils.enum import MediaType

        sent = self.upload(data, MediaType.MediaImage)
        return Message(
            imageMessage=ImageMessage(
                URL=sent.url,
                directPath=sent.DirectPath,
                mediaKey=sent.MediaKey,
                fileEncSHA256=sent.FileEncSHA256,
                fileSHA256=sent.FileSHA256,
                fileLength=sent.FileLength,
                mimetype="image/png",
                caption="as you wished",
            )
        )

    def jid_of(self, order: dict[str, Any]) -> Any:
        return build_jid(order["to"])

    def start(self) -> None:
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        try:
            self.connect()
            self.tell("ended")
        except Exception as error:
            self.tell("ended", data=f"{type(error).__name__}: {error}")


def main() -> None:
    client = Echo(sys.argv[1], int(sys.argv[2]))
    threading.Thread(target=client.answer_for_ever, daemon=True).start()
    client.start()
    for line in sys.stdin:
        client.obey(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
