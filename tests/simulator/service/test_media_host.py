"""Files that a client asks for once more."""

import pytest

from simulator import Phone, Simulator
from simulator.phones.media import open_sealed, part
from simulator.wire.node import node
from simulator.wire.protobufs import retry
from tests.simulator.scripted import Scripted


async def test_the_phone_uploads_a_file_again(sim: Simulator, device: Scripted, ana: Phone) -> None:
    """What a client asks that finds a file expired; source: whatsmeow's mediaretry.go."""
    mine = await ana.sends_picture(b"\x89PNG", caption="look")
    kind, about = part(device.messages[mine]) or pytest.fail("no picture")
    sim.expire_media(ana.messages[mine])
    assert sim.server.media.fetch(about.directPath) is None

    answer = ask_again(device, mine, about.mediaKey, ana)

    plain = media_retry_cipher(about.mediaKey).decrypt(
        (answer.child("encrypt", "enc_iv") or answer).data,
        (answer.child("encrypt", "enc_p") or answer).data,
        mine.encode(),
    )
    again = retry.MediaRetryNotification.FromString(plain)
    assert again.result == retry.MediaRetryNotification.SUCCESS
    sealed = sim.server.media.fetch(again.directPath)
    assert sealed and open_sealed(sealed, kind, about) == b"\x89PNG"


async def test_the_phone_cannot_upload_what_it_has_not(
    sim: Simulator, device: Scripted, owner: Phone, ana: Phone
) -> None:
    mine = await ana.sends_picture(b"\x89PNG")
    owner._handset.files.clear()
    answer = ask_again(device, mine, device.messages[mine].imageMessage.mediaKey, ana)
    assert (answer.child("error") or answer).text("code") == "2"


def media_retry_cipher(key: bytes):  # type: ignore[no-untyped-def]
    from simulator.phones.media import _retry_cipher

    return _retry_cipher(key)


def ask_again(device: Scripted, message_id: str, key: bytes, sender: Phone):  # type: ignore[no-untyped-def]
    """Send a media retry receipt; the notification that answers it."""
    request = retry.ServerErrorReceipt(stanzaID=message_id).SerializeToString()
    sealed = media_retry_cipher(key).encrypt(bytes(12), request, message_id.encode())
    assert device.jid
    device.says(
        node(
            "receipt",
            node("encrypt", node("enc_p", sealed), node("enc_iv", bytes(12))),
            node("rmr", jid=sender.jid, from_me="false"),
            id=message_id,
            to=device.jid.person,
            type="server-error",
        )
    )
    answers = [s for s in device.received if s.text("type") == "mediaretry"]
    assert [answer.text("id") for answer in answers] == [message_id]
    return answers[0]
