"""The library's events as it hands them over: real protobufs, made by hand."""

from typing import Any

from tests.worker.connection.library import Neonize_pb2, build_jid, e2e
from tests.worker.connection.library import events as library_events

ACCOUNT = "15550009999"
ALICE = "15550000001@s.whatsapp.net"
ALICE_LID = "100000000000001@lid"
SENT_AT = 1_767_225_600_000  # milliseconds: the start of 2026, UTC


def jid(text: str) -> Any:
    """An address with its device (`user:device@server`); an empty one for an empty text."""
    if not text:
        empty = build_jid("", "")
        empty.IsEmpty = True
        return empty
    user, _, server = text.partition("@")
    name, _, device = user.partition(":")
    address = build_jid(name, server)
    address.Device = int(device or 0)
    return address


def info(
    chat: str = ALICE,
    sender: str | None = None,
    *,
    alt: str = "",
    recipient_alt: str = "",
    from_me: bool = False,
    message_id: str = "3EB0A1",
    sent_at: int = SENT_AT,
    push_name: str = "Alice",
) -> Any:
    source = Neonize_pb2.MessageSource(
        Chat=jid(chat),
        Sender=jid(chat if sender is None else sender),
        IsFromMe=from_me,
        IsGroup=chat.endswith(("@g.us", "@broadcast")),
        SenderAlt=jid(alt),
        RecipientAlt=jid(recipient_alt),
        BroadcastListOwner=jid(""),
    )
    return Neonize_pb2.MessageInfo(
        MessageSource=source,
        ID=message_id,
        ServerID=0,
        Type="text",
        Pushname=push_name,
        Timestamp=sent_at,
        Category="",
        Multicast=False,
        MediaType="",
        Edit="",
    )


def event(message: Any = None, chat: str = ALICE, sender: str | None = None, **about: Any) -> Any:
    """A MessageEv that has been serialized and parsed, as one from the library has been."""
    flags = ("Ephemeral", "ViewOnceV2", "ViewOnceV2Extension", "LottieSticker", "Edit")
    view_once = about.pop("view_once", False)
    made = library_events.MessageEv(
        Info=info(chat, sender, **about),
        Message=message or e2e.Message(),
        IsDocumentWithCaption=False,
        UnavailableRequestID="",
        RetryCount=0,
        IsViewOnce=view_once,
        **{f"Is{flag}": False for flag in flags},
    )
    return library_events.MessageEv.FromString(made.SerializeToString())


def undecryptable(
    chat: str = ALICE, sender: str | None = None, *, unavailable: bool = False, **about: Any
) -> Any:
    made = library_events.UndecryptableMessageEv(
        Info=info(chat, sender, **about), IsUnavailable=unavailable, DecryptFailMode=1
    )
    return library_events.UndecryptableMessageEv.FromString(made.SerializeToString())
