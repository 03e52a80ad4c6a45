"""Runs that repeat exactly, the log of stanzas, and what only a scripted device does."""

from pathlib import Path

import pytest

from simulator import Phone, Simulator
from simulator.clockwork import Clockwork
from simulator.phones.media import open_sealed, part
from simulator.service.server import Record
from simulator.wire.jid import SERVER
from simulator.wire.node import Node, node
from simulator.wire.protobufs import retry
from simulator.wire.wabinary import encode
from tests.simulator.scripted import Scripted

NOON = 1_790_000_000.0


async def rehearse(directory: Path, seed: int) -> list[tuple[float, str, bytes]]:
    """A short life of three phones and a device: every stanza, byte for byte."""
    async with Simulator(directory, seed=seed, clock=lambda: NOON) as sim:
        heard: list[Record] = []
        sim.listen(heard.append)
        owner = sim.add_phone("+15550001000", name="Shop")
        ana = sim.add_phone("+15550002001", name="Ana")
        ben = sim.add_phone("+15550002002", name="Ben", addressing="lid")
        device = Scripted(sim, Clockwork(f"device {seed}"))
        await device.link(owner)
        mine = await ana.says("hello")
        await ben.sends_picture(b"\x89PNG", caption="look")
        await ana.edits(mine, "hello!")
        await owner.renames("The Shop")
        assert [m.conversation for m in device.messages.values() if m.conversation] == ["hello"]
        return [(r.at, r.direction, encode(r.stanza)) for r in heard]


async def test_a_run_with_a_seed_and_a_clock_repeats_exactly(tmp_path: Path) -> None:
    first, second = await rehearse(tmp_path, 7), await rehearse(tmp_path, 7)
    assert len(first) > 20
    assert first == second
    assert {at for at, _, _ in first} == {NOON}
    assert await rehearse(tmp_path, 8) != first


def test_what_one_phone_draws_does_not_depend_on_the_others() -> None:
    alone = Clockwork(1).branch("ana").random(8)
    together = Clockwork(1)
    together.random(5)
    assert together.branch("ben").random(8) != alone
    assert together.branch("ana").random(8) == alone
    assert Clockwork().branch("ana").random(8) != Clockwork().branch("ana").random(8)


@pytest.fixture
async def device(sim: Simulator, owner: Phone) -> Scripted:
    device = Scripted(sim)
    await device.link(owner)
    return device


async def test_listeners_hear_each_stanza_until_they_stop(
    sim: Simulator, device: Scripted, ana: Phone
) -> None:
    heard: list[Record] = []
    stop = sim.listen(heard.append)
    mine = await ana.says("hello")
    kinds = [(record.direction, record.stanza.tag) for record in heard]
    assert kinds == [("out", "message"), ("in", "receipt"), ("out", "ack")]
    assert f'id="{mine}"' in str(heard[0].stanza)
    assert heard[0].device == device.jid
    stop()
    stop()
    await ana.says("hello again")
    assert len(heard) == 3
    assert len(sim.stanzas) > 3


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


async def test_what_nobody_knows_is_answered(device: Scripted) -> None:
    """A client must not wait for ever for an answer."""
    device.says(node("iq", node("what"), xmlns="no:such", type="get", id="q1", to=SERVER))
    assert str(device.received[-1]) == '<iq type="result" id="q1" from="s.whatsapp.net"/>'


async def test_privacy_settings_are_kept(device: Scripted) -> None:
    def ask(kind: str, *categories: Node) -> Node:
        about = {"xmlns": "privacy", "type": kind, "id": f"p{len(device.received)}"}
        device.says(node("iq", node("privacy", *categories), to=SERVER, **about))
        return device.received[-1]

    ask("set", node("category", name="readreceipts", value="none"))
    refused = ask("set", node("category", name="no such", value="none"))
    assert (refused.child("error") or refused).text("code") == "400"
    kept = (ask("get").child("privacy") or refused).all("category")
    values = {category.text("name"): category.text("value") for category in kept}
    assert (values["readreceipts"], values["last"]) == ("none", "all")
