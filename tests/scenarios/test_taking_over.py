"""The owner steps in, and people change what they have written: through all processes."""

from datetime import UTC, datetime

import pytest

from core.messages.message import Kind, Reason
from core.states import MessageState
from simulator import Phone
from simulator.wire.node import node
from store.chats import chats, manual
from store.sql import tables
from tests.scenarios.product import Product
from tests.services.fake_llm import FakeLLM

ANA = "+15550002001"
PICTURE = b"\x89PNG not really"


@pytest.fixture
def running(running: Product) -> Product:
    """Everybody may write."""
    running.settings(allow_all=True)
    return running


@pytest.fixture
def ana(product: Product) -> Phone:
    return product.sim.add_phone(ANA, name="Ana")


def chat_of(product: Product) -> chats.Chat:
    (row,) = product.rows(tables.chats)
    with product.database.read() as connection:
        chat = chats.get(connection, row["id"])
    assert chat
    return chat


def now() -> datetime:
    return datetime.now(UTC)


def write_by_hand(product: Product, text: str) -> None:
    chat = chat_of(product)
    with product.database.write() as connection:
        manual.write(connection, chat, [text], now())
    product.live.nudge_outbox()


async def test_the_owner_writes_from_the_panel(running: Product, ana: Phone, llm: FakeLLM):
    await ana.says("hello")
    await ana.hears()
    write_by_hand(running, "The owner here.")
    heard = await ana.hears("The owner here.")
    typed = len([state for state, _ in ana.typing_log if state == "composing"])
    unread = await ana.says("And the price?")
    await running.stored("And the price?", MessageState.WAITING)
    assert ana.ticks(unread) != "read" and not ana.unheard
    assert typed == len([state for state, _ in ana.typing_log if state == "composing"])
    await ana.reads(heard)
    await running.until(
        lambda: [row for row in running.rows(tables.outbox) if row["read_at"]], "the blue ticks"
    )
    first, second = running.rows(tables.outbox)
    assert first["delivered_at"] and second["delivered_at"] and second["agent"] is None
    with running.database.write() as connection:
        manual.resume(connection, chat_of(running).id, now(), answer=True)
    await ana.hears()  # some seconds later, by the sweeper
    assert "Owner: The owner here." in llm.requests[-1].text
    assert llm.requests[-1].text.endswith("And the price?")
    await ana.sees_read(unread)


@pytest.mark.parametrize("addressing", ["pn", "lid"])
async def test_the_owner_writes_from_their_phone(running: Product, llm: FakeLLM, addressing: str):
    ana = running.sim.add_phone(ANA, name="Ana", addressing=addressing)
    with llm.held():
        await ana.says("Is anybody there?")
        await running.until(lambda: llm.requests, "the model to be asked")
        await running.owner.says("Yes, me.", to=ana)
        await ana.hears("Yes, me.")
        await running.until(lambda: running.messages(from_me=True, text="Yes, me."), "our copy")
        await running.stored("Is anybody there?", MessageState.ANSWERED)
    (own,) = running.messages(text="Yes, me.")
    assert (own["chat_id"], own["reason"]) == (chat_of(running).id, Reason.OWN_MESSAGE)
    (chat,) = running.rows(tables.chats)
    assert chat["paused_by"] == "phone" and chat["paused_until"] > now()
    await running.until(
        lambda: [t for t in running.rows(tables.turns) if t["state"] == "stopped"], "the stop"
    )
    await ana.says("Good.")
    await running.stored("Good.", MessageState.WAITING)
    assert ana.unheard == [] and not running.rows(tables.outbox)


async def test_what_agents_send_pauses_nobody(running: Product, ana: Phone):
    """If the library ever echoed it."""
    for text in ("one", "two", "three"):
        await ana.says(text)
        await ana.hears()
    (chat,) = running.rows(tables.chats)
    assert chat["paused_at"] is None and running.messages(from_me=True, kind="text") == []


async def test_edits_and_deletions(running: Product, ana: Phone, llm: FakeLLM):
    with llm.held():
        first = await ana.says("first")
        await running.until(lambda: llm.requests, "the model to be asked")
        second, third = await ana.says("second"), await ana.says("third")
        await running.stored("third", MessageState.WAITING)
        await ana.edits(second, "second, better")
        await ana.deletes(third)
        await running.until(lambda: running.messages(reason=Reason.DELETE, kind="text"), "the end")
        await running.stored("second, better", MessageState.WAITING)
    await ana.hears()
    await ana.hears()
    assert llm.requests[-1].text == "second, better"
    await ana.edits(first, "first, better")
    await ana.hears()
    assert llm.requests[-1].text.startswith("> first\n[this corrects")
    assert llm.requests[-1].text.endswith("first, better")
    await ana.deletes(first)
    await running.until(
        lambda: [row for row in running.messages(message_id=first) if row["deleted_at"]],
        "the deletion",
    )
    (row,) = running.messages(message_id=first)
    assert (row["text"], row["raw"], row["state"]) == ("", b"", MessageState.ANSWERED)


async def test_reactions_are_kept_and_not_answered(running: Product, ana: Phone):
    await ana.says("hello")
    answer = await ana.hears()
    await ana.reacts(answer.id, "👍")
    await ana.says("still there?")
    await ana.hears()
    (row,) = running.messages(kind=Kind.REACTION, from_me=False)
    sent = running.rows(tables.outbox, wa_id=answer.id)
    assert (row["text"], row["chat_id"]) == ("👍", chat_of(running).id)
    assert row["target_id"] == answer.id and len(sent) == 1


async def test_every_kind_gets_a_true_answer(running: Product, ana: Phone, llm: FakeLLM):
    for send, sentence in (
        (lambda: ana.sends_picture(PICTURE), "can't see pictures"),
        (lambda: ana.sends_voice(b"OggS", seconds=7), "can't listen to voice notes"),
        (lambda: ana.sends_document(b"%PDF", "bill.pdf"), "can't read documents"),
        (lambda: ana.sends_video(b"....", seconds=3), "can't watch videos"),
        (lambda: ana.sends_sticker(b"RIFF"), "can't see stickers"),
    ):
        await send()
        assert sentence in (await ana.hears()).text
    assert not llm.requests
    facts = {row["kind"]: row["facts"] for row in running.messages() if row["facts"]}
    assert facts["voice"]["seconds"] == 7 and facts["document"]["name"] == "bill.pdf"
    await ana.sends_location(52.52, 13.405, name="Café Mia", address="Main St 1")
    await ana.hears()
    assert "- name: Café Mia\n- address: Main St 1\n- coordinates: 52.520000, 13.405000" in (
        llm.requests[-1].text
    )
    await ana.sends_contact("Bob", "+15550003001")
    await ana.hears()
    assert "- Bob, +1" in llm.requests[-1].text
    await ana.sends_poll("When?", ["Monday", "Friday"])
    await ana.hears()
    assert "- question: When?\n- option: Monday\n- option: Friday" in llm.requests[-1].text
    await ana.sends_picture(PICTURE, caption="What is this?")
    await ana.hears()
    assert llm.requests[-1].text == "[a picture was sent; you can't see it]\nWhat is this?"


async def test_quotes_of_everything(running: Product, ana: Phone, llm: FakeLLM):
    long = "word " * 400
    llm.replies(long)
    picture = await ana.sends_picture(PICTURE, caption="Our shop")
    chunk = await ana.hears()
    await ana.says("Which one?", quoting=chunk)
    await ana.hears()
    quoted = llm.requests[-1].text.splitlines()[0]
    assert quoted.startswith("> word word") and quoted.endswith("…") and len(quoted) < 1100
    await ana.says("And this?", quoting=picture)
    await ana.hears()
    assert "Our shop" in llm.requests[-1].text and "And this?" in llm.requests[-1].text


async def test_a_receipt_that_the_library_does_not_know(running: Product, ana: Phone):
    """It ends the library's loop of events: the connection is replaced, and does without them."""
    for _ in range(2):
        await ana.says("hello")
        answer = await ana.hears()
        (companion,) = running.owner.linked_devices
        about = {"id": answer.id, "t": 1767225600, "from_": ana.jid}
        companion.deliver(node("receipt", type="from-the-future", **about))
        await running.until(lambda: running.rows(tables.link, fence=2), "another connection")
        await running.connected()
    assert (running.auth_dir / "without-receipts").exists()
    assert len(running.rows(tables.link, fence=2)) == 1
