"""What the simulator speaks is WhatsApp's protocol also to a client that shares no line with ours.

Everything else here is tested with neonize, out of whose library the simulator's dictionaries and
protobuf messages come: both could be wrong in the same way. Baileys has its own.
"""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator import LinkFailed, Phone, Simulator
from simulator.phones.handset import Addressing
from tests.services import baileys
from tests.simulator.witness import DELIVERED, READ, Witness

PICTURE = bytes(range(256)) * 100  # nobody looks at it
LOGGED_OUT, REPLACED, UNAVAILABLE, LOST = 401, 440, 503, 428


@pytest.fixture(scope="session")
def node() -> str:
    return baileys.install()


@pytest.fixture
async def unlinked(sim: Simulator, tmp_path: Path, node: str) -> AsyncIterator[Witness]:
    """Baileys, showing its QR code."""
    witness = Witness(sim, tmp_path / "baileys", node)
    await witness.start()
    yield witness
    await witness.kill()


@pytest.fixture
async def witness(unlinked: Witness, owner: Phone) -> Witness:
    """Baileys, linked."""
    await unlinked.link(owner)
    return unlinked


async def test_it_links_by_qr(unlinked: Witness, owner: Phone, sim: Simulator) -> None:
    device = await owner.scan((await unlinked.tells("qr"))["data"])

    connected = await unlinked.tells("Connected")
    assert unlinked.has("paired")
    assert connected["me"] == f"{device.jid}"
    assert connected["lid"] == f"{device.lid}"
    assert owner.linked_devices == [device]
    assert (device.name, device.platform) == ("Mac OS", "CHROME")
    assert sim.is_connected(owner)


async def test_it_links_by_pairing_code(unlinked: Witness, owner: Phone, ana: Phone) -> None:
    await unlinked.tells("qr")
    code = await unlinked.order("pair", phone="15550001000")

    await owner.enter_code(code)

    await unlinked.tells("Connected")
    await unlinked.receives(await ana.says("hello"), text="hello")


async def test_a_wrong_code_does_not_link(unlinked: Witness, owner: Phone) -> None:
    await unlinked.tells("qr")
    code = await unlinked.order("pair", phone="15550001000")

    with pytest.raises(LinkFailed, match="wrong code"):
        await owner.enter_code("11111111" if code != "11111111" else "22222222")

    assert owner.linked_devices == []


@pytest.mark.parametrize("addressing", ["pn", "lid", "lid_only"])
async def test_people_talk_to_it(witness: Witness, sim: Simulator, addressing: Addressing) -> None:
    lia = sim.add_phone("+15550002002", name="Lia", addressing=addressing)
    other = {"pn": lia.account.lid, "lid": lia.account.jid, "lid_only": ""}[addressing]
    question = await lia.says("how are you?")

    heard = await witness.receives(question, text="how are you?")
    assert (heard["chat"], heard["alternative"]) == (f"{lia.jid}", f"{other}")
    assert heard["name"] == "Lia"
    await lia.sees_delivered(question)

    await witness.order("read", chat=heard["chat"], id=question)
    await lia.sees_read(question)

    await witness.order("react", to=heard["chat"], id=question, emoji="👍")
    await lia.sees_reaction("👍", question)

    sent = await witness.sends(heard["chat"], "well, and you?", quoting=heard)
    answer = await lia.hears("well, and you?")
    assert (answer.id, answer.sender, answer.quoted_id) == (sent, "+15550001000", question)
    await witness.tells("receipt", id=sent, status=DELIVERED)

    await lia.reads(answer)
    await witness.tells("receipt", id=sent, status=READ)

    second = await witness.receives(await lia.says("so am I", quoting=answer), text="so am I")
    assert second["quoted"] == sent
    await witness.receives(await lia.reacts(sent, "❤"), reaction="❤", target=sent)
    assert not [event for event in witness.has("message") if event["trouble"]]
    assert lia.undecryptable == 0


async def test_it_writes_first(witness: Witness, owner: Phone, ana: Phone) -> None:
    sent = await witness.sends(f"{ana.jid}", "your order is ready")

    await ana.hears("your order is ready")
    await owner.sees(lambda phone: sent in phone.messages)  # its copy, for the account's own phone
    assert owner.messages[sent].text == "your order is ready"


async def test_what_changes_a_message_is_understood(witness: Witness, ana: Phone) -> None:
    said = await ana.says("at nine")
    await witness.receives(said)
    await ana.edits(said, "at ten")
    await witness.tells("edited", id=said, text="at ten")
    await ana.deletes(said)
    await witness.tells("deleted", id=said)

    sent = await witness.sends(f"{ana.jid}", "see you")
    answer = await ana.hears("see you")
    await witness.order("edit", to=f"{ana.jid}", id=sent, text="see you soon")
    await ana.sees(lambda _: answer.edited)
    assert answer.text == "see you soon"
    await witness.order("revoke", to=f"{ana.jid}", id=sent)
    await ana.sees(lambda _: answer.deleted)


async def test_both_see_the_other_type(witness: Witness, sim: Simulator, ana: Phone) -> None:
    await witness.receives(await ana.says("hi"))
    await ana.composing()
    await witness.tells("presence", chat=f"{ana.jid}", state="composing")
    await ana.stops_typing()
    await witness.tells("presence", chat=f"{ana.jid}", state="available")

    await witness.order("available")
    await sim.wait_connected(available=True)
    await witness.order("typing", to=f"{ana.jid}")
    await ana.sees_typing()


async def test_a_damaged_message_is_asked_for_again(
    witness: Witness, sim: Simulator, ana: Phone
) -> None:
    await witness.receives(await ana.says("first"))
    sim.faults.corrupt("to_client")
    await witness.receives(await ana.says("damaged"), text="damaged")

    sim.faults.corrupt("to_phones")
    await witness.sends(f"{ana.jid}", "damaged too")
    await ana.hears("damaged too")
    assert ana.undecryptable == 1


async def test_it_comes_back_and_gets_what_it_missed(
    witness: Witness, sim: Simulator, ana: Phone
) -> None:
    await witness.receives(await ana.says("before"))
    await witness.kill()
    await sim.wait_disconnected()
    missed = [await ana.says(f"missed {n}") for n in range(3)]

    again = Witness(sim, witness.store, witness.node)
    await again.start()
    try:
        await again.tells("Connected")
        for number, message_id in enumerate(missed):
            await again.receives(message_id, text=f"missed {number}")
        await again.sends(f"{ana.jid}", "here I am")
        await ana.hears("here I am")
        assert len(again.has("message", from_me=False)) == len(missed)
    finally:
        await again.kill()


async def test_it_learns_the_account_s_name_and_its_past(
    unlinked: Witness, owner: Phone, ana: Phone
) -> None:
    asked = owner.remembers("are you open?", by=ana)
    answered = owner.remembers("until six", to=ana)
    await unlinked.link(owner)
    await unlinked.tells("named", name="Shop")
    past = await unlinked.tells("past", id=asked.id)
    assert past == {**past, "chat": f"{ana.jid}", "from_me": False, "text": "are you open?"}
    await unlinked.tells("past", id=answered.id, from_me=True, text="until six")

    await owner.renames("Shop around the corner")
    await unlinked.tells("named", name="Shop around the corner")


async def test_pictures_go_both_ways(witness: Witness, sim: Simulator, ana: Phone) -> None:
    sent = await ana.sends_picture(PICTURE, caption="look")
    await witness.receives(sent)
    assert base64.b64decode(await witness.order("open", id=sent)) == PICTURE

    sim.expire_media(ana.messages[sent])  # now it has to ask the phone for it
    assert (await witness.does("open", id=sent))["event"] == "failed"
    await witness.order("upload_again", id=sent)
    assert base64.b64decode(await witness.order("open", id=sent)) == PICTURE

    data = base64.b64encode(PICTURE[::-1]).decode()
    answer = await witness.order("picture", to=f"{ana.jid}", data=data, caption="I see")
    heard = await ana.hears("I see")
    assert heard.id == answer
    assert await ana.opens(heard) == PICTURE[::-1]


async def test_a_group_is_read_and_written_to(
    witness: Witness, sim: Simulator, owner: Phone, ana: Phone
) -> None:
    ben = sim.add_phone("+15550002003", name="Ben", addressing="lid")
    group = sim.add_group("Neighbours", [ana, ben, owner])

    for phone, text in ((ana, "hello all"), (ben, "hello too"), (ana, "how is everybody?")):
        heard = await witness.receives(await phone.says(text, to=group), text=text)
        assert (heard["chat"], heard["member"]) == (f"{group.jid}", f"{phone.jid}")

    members = [f"{phone.jid}" for phone in (ana, owner)]
    assert await witness.order("group", chat=f"{group.jid}") == {
        "subject": "Neighbours",
        "members": [members[0], f"{ben.account.jid}", members[1]],
    }
    for text in ("fine, thanks", "and you?"):
        await witness.sends(f"{group.jid}", text)
        await ana.hears(text)
        await ben.hears(text)
    assert ana.undecryptable + ben.undecryptable == 0


async def test_it_knows_who_is_on_whatsapp(witness: Witness, ana: Phone) -> None:
    known = await witness.order("known", phones=["+15550002001", "+15550009999"])
    assert known == [{"jid": f"{ana.jid}", "exists": True}]


@pytest.mark.parametrize(
    ("fault", "code"), [("cut", LOST), ("replace", REPLACED), ("unavailable", UNAVAILABLE)]
)
async def test_it_understands_why_a_connection_ends(
    witness: Witness, sim: Simulator, fault: str, code: int
) -> None:
    endings = {
        "cut": sim.cut,
        "replace": sim.replace,
        "unavailable": lambda: sim.stream_error(503),
    }
    await endings[fault]()
    await witness.tells("closed", code=code)


async def test_the_phone_unlinks_it(witness: Witness, owner: Phone) -> None:
    await owner.remove_device()
    await witness.tells("closed", code=LOGGED_OUT)


async def test_it_unlinks_itself(witness: Witness, owner: Phone, sim: Simulator) -> None:
    await witness.order("logout")
    await witness.tells("closed", code=LOGGED_OUT)
    await sim.wait_disconnected(owner)
    assert owner.linked_devices == []
