"""What we use of neonize is there, and its words are understood. An upgrade is tried here first."""

import inspect
from pathlib import Path

import pytest

from core.link import End
from tests.worker.connection.library import Neonize_pb2, client, enum, events, exc
from worker.connection import errors, whatsapp
from worker.connection.errors import NotSent, SendRefused, SendUnknown
from worker.connection.whatsapp import _Client, name_session

Client = client.NewClient

# What we call, with the parameters that we pass.
CALLS = {
    "__init__": {"name", "props", "uuid"},
    "connect": set(),
    "disconnect": set(),
    "logout": set(),
    "get_me": set(),
    "PairPhone": {"phone", "show_push_notification"},
    "send_message": {"to", "message"},
    "build_reaction": {"chat", "sender", "message_id", "reaction"},
    "mark_read": {"message_ids", "chat", "sender", "receipt"},
    "send_chat_presence": {"jid", "state", "media"},
    "send_presence": {"presence"},
    "get_pn_from_lid": {"jid"},
    "get_group_info": {"jid"},
    "set_force_activate_delivery_receipts": {"active"},
}


@pytest.mark.parametrize("name", CALLS)
def test_the_library_has_what_we_call(name):
    parameters = inspect.signature(getattr(Client, name)).parameters
    assert set(parameters) >= CALLS[name]
    others = set(parameters) - CALLS[name] - {"self"}
    needed = {p for p in others if parameters[p].default is inspect.Parameter.empty}
    assert needed == set()


@pytest.mark.parametrize("name", ["is_connected", "is_logged_in"])
def test_states_are_properties(name):
    assert isinstance(inspect.getattr_static(Client, name), property)


def test_ids_of_read_messages_are_positional():
    kind = inspect.signature(Client.mark_read).parameters["message_ids"].kind
    assert kind is inspect.Parameter.VAR_POSITIONAL


def test_the_private_word_about_a_link_attempt_is_ours():
    """The library calls it by this name; ours takes its place."""
    hook = "_NewClient__onLoginStatus"
    assert list(inspect.signature(getattr(Client, hook)).parameters) == ["self", "uuid", "status"]
    assert hook in vars(_Client)
    assert "self.__onLoginStatus" in inspect.getsource(client)


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("ConnectedEv", set()),
        ("DisconnectedEv", set()),
        ("PairStatusEv", {"ID"}),
        ("MessageEv", {"Info", "Message", "IsViewOnce", "IsViewOnceV2", "IsViewOnceV2Extension"}),
        ("UndecryptableMessageEv", {"Info", "IsUnavailable"}),
        ("ReceiptEv", {"MessageSource", "MessageIDs", "Timestamp", "Type"}),
        ("LoggedOutEv", {"Reason"}),
        ("StreamReplacedEv", set()),
        ("ClientOutdatedEv", set()),
        ("TemporaryBanEv", {"Expire"}),
        ("ConnectFailureEv", {"Reason", "Message"}),
    ],
)
def test_the_library_has_the_events_that_we_listen_to(event, fields):
    kind = getattr(events, event)
    assert kind in events.EVENT_TO_INT
    assert fields <= set(kind.DESCRIPTOR.fields_by_name)


def test_names_of_other_things():
    assert Neonize_pb2.ConnectFailureReason.MAIN_DEVICE_GONE
    assert {"MessageSource", "ID", "Timestamp", "Pushname"} <= set(
        Neonize_pb2.MessageInfo.DESCRIPTOR.fields_by_name
    )
    assert {"Chat", "Sender", "SenderAlt", "RecipientAlt", "IsFromMe"} <= set(
        Neonize_pb2.MessageSource.DESCRIPTOR.fields_by_name
    )
    kinds = {"DELIVERED", "INACTIVE", "READ", "PLAYED"}
    assert kinds <= set(events.ReceiptEv.ReceiptType.keys())
    assert enum.ReceiptType.READ.value == b"read"
    assert enum.ChatPresence.CHAT_PRESENCE_COMPOSING is not enum.ChatPresence.CHAT_PRESENCE_PAUSED
    assert enum.ChatPresenceMedia.CHAT_PRESENCE_MEDIA_TEXT in enum.ChatPresenceMedia
    assert enum.Presence.AVAILABLE in enum.Presence


def test_every_error_of_the_library_has_one_root():
    names = ["SendMessageError", "SendPresenceError", "MarkReadError", "LogoutError"]
    for name in [*names, "PairPhoneError", "GetJIDFromStoreError"]:
        assert issubclass(getattr(exc, name), exc.NeonizeError)


# Its words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("websocket not connected", NotSent),
        ("failed to send message node: websocket not connected", NotSent),
        ("failed to get user info for 1555@s.whatsapp.net to fill LID cache: "
         "failed to send usync query: websocket not connected", NotSent),
        ("client is nil", NotSent),
        ("failed to send message node: frame socket is closed", NotSent),
        ("the store doesn't contain a device JID", NotSent),
        ("failed to get device list: failed to send usync query: info query timed out", NotSent),
        ("failed to get device list: failed to send usync query: "
         "websocket disconnected before info query returned response", NotSent),
        ("no LID found for 15550000001@s.whatsapp.net from server", SendRefused),
        ("server returned error 463", SendRefused),
        (
            "failed to get group members: you're not participating in that group",
            SendRefused,
        ),
        ("failed to get device list: info query returned status 403: forbidden", SendRefused),
        ("message recipient must be a user JID with no device part", SendRefused),
        ("can't send message to unknown server c.us", SendRefused),
        ("timed out waiting for message send response", SendUnknown),
        ("websocket disconnected before message send returned response", SendUnknown),
        ("websocket disconnected before message send (retry) returned response", SendUnknown),
        ("failed to send message node: failed to write msg: broken pipe", SendUnknown),
        ("something that nobody has seen before", SendUnknown),
        ("", SendUnknown),
    ],
)  # fmt: skip
def test_a_failed_send_is_understood(error, kind):
    assert type(errors.read_send_error(error)) is kind


@pytest.mark.parametrize(
    ("error", "end"),
    [
        ("phone number too short", End.PHONE_TOO_SHORT),
        (
            "international phone number required (must not start with 0)",
            End.PHONE_NOT_INTERNATIONAL,
        ),
        ("info query returned status 429: rate-overlimit", End.RATE_LIMITED),
        ("info query returned status 400: bad-request", End.REFUSED),
        ("failed to generate a key", End.REFUSED),
    ],
)
def test_a_refused_pairing_code_is_understood(error, end):
    assert errors.read_pairing_end(error) is end


def test_texts_that_we_look_for_are_in_the_library():
    """They are all we know of its errors: an upgrade that rewords them would be noticed here."""
    (library,) = Path(client.__file__).parent.glob("neonize-*")
    content = library.read_bytes()
    ours = [*errors.NOT_SENT, *errors.REFUSED, *whatsapp._LOGIN_ENDS]
    # Put together when they are said: "websocket disconnected before %s returned response".
    composed = {"before info query returned response"}
    texts = [text for text in ours if text not in composed]
    texts += [
        "disconnected before %s returned response",
        "phone number too short",
        "rate-overlimit",
    ]
    assert [text for text in texts if text.encode() not in content] == []


# The session's name -----------------------------------------------------------------------------


def test_a_session_is_a_file_that_survives_a_power_cut(tmp_path: Path):
    name = name_session(tmp_path, None)
    assert name.startswith(f"{tmp_path}/session.db?")
    assert "_journal_mode=WAL" in name and "_synchronous=FULL" in name
    assert name.endswith("&x=")  # swallows what the library appends


def test_a_session_may_be_in_postgresql(tmp_path: Path):
    url = "postgresql://wa@127.0.0.1/wa?sslmode=disable"
    assert name_session(tmp_path, url) == url
