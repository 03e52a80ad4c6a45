"""A person writes from WhatsApp, the right agent answers: the main job, end to end."""

import pytest

from core.messages.message import Reason
from core.states import MessageState
from simulator import Phone
from store.sql import tables
from tests.scenarios.product import Product
from tests.services.fake_llm import FakeLLM


@pytest.fixture
def ana(product: Product) -> Phone:
    return product.sim.add_phone("+15550002001", name="Ana")


async def test_an_allowed_number_is_read_acknowledged_and_answered(
    running: Product, ana: Phone, llm: FakeLLM
):
    running.allow("+15550002001")
    running.settings(ack_emoji="👀")
    llm.replies("Hello Ana.")
    with llm.held():
        hi = await ana.says("hi")
        await ana.sees_read(hi)
        await ana.sees_reaction("👀", on=hi)
        await ana.sees_typing()
    answer = await ana.hears("Hello Ana.")
    assert answer.sender == "+15550001000"
    await ana.sees_paused()
    stored = await running.stored("hi", MessageState.ANSWERED)
    assert stored["reason"] == Reason.ALLOWED_NUMBER
    assert stored["raw"] and stored["read_at"] and stored["push_name"] == "Ana"
    assert "Finn" in llm.requests[-1].system


async def test_a_prefix_lets_its_numbers_in(running: Product, ana: Phone):
    running.allow("+1555000*")
    await ana.says("hi")
    await ana.hears()
    assert (await running.stored("hi", MessageState.ANSWERED))["reason"] == Reason.ALLOWED_PREFIX


async def test_a_hidden_address_is_the_same_person(running: Product):
    """`lid_only` senders come without their number: it is known from an earlier message."""
    ana = running.sim.add_phone("+15550002001", name="Ana", addressing="lid")
    running.allow("+15550002001")
    for text, addressing in (("first", "lid"), ("second", "lid"), ("third", "lid_only")):
        ana._handset.addressing = addressing
        await ana.says(text)
        await ana.hears()
    first, second, third = running.messages(state=MessageState.ANSWERED)
    assert first["chat_id"] == second["chat_id"] == third["chat_id"]
    assert first["chat"].endswith("@lid")


async def test_a_stranger_gets_nothing_and_is_listed(running: Product, ana: Phone):
    running.settings(ack_emoji="👀")
    bob = running.sim.add_phone("+15550003001", name="Bob")
    running.allow("+15550002001")
    secret = await bob.says("let me in")
    await ana.says("hi")
    await ana.hears()  # what came after the stranger's message has been dealt with
    assert bob.ticks(secret) != "read"
    assert bob.unheard == [] and bob.reactions == {} and not bob.typing_log
    (held,) = running.messages(state=MessageState.HELD)
    assert held["reason"] == Reason.NOT_ALLOWED and held["push_name"] == "Bob"
    assert held["text"] == "" and held["raw"] == b""


async def test_allow_all_opens_and_disabling_silences_with_the_next_message(
    running: Product, ana: Phone
):
    running.settings(allow_all=True)
    await ana.says("open?")
    await ana.hears()
    running.settings(enabled=False)
    closed = await ana.says("and now?")
    await running.until(
        lambda: running.messages(state=MessageState.IGNORED, reason=Reason.DISABLED), "the refusal"
    )
    assert ana.ticks(closed) != "read" and ana.unheard == []
    running.settings(enabled=True)
    await ana.says("open again?")
    await ana.hears()


async def test_sticky_beats_default_beats_fallback(running: Product, ana: Phone, llm: FakeLLM):
    running.allow("+15550002001", agent="eric")
    bob = running.sim.add_phone("+15550003001", name="Bob")
    running.allow("+15550003001")
    await bob.says("hi")
    await bob.hears()
    assert "Finn" in llm.requests[-1].system
    await ana.says("hi")
    await ana.hears()
    assert "Eric" in llm.requests[-1].system
    await ana.says("/agent yukihiro")
    await ana.hears(lambda message: "Yukihiro" in message.text)
    await ana.says("hi again")
    await ana.hears()
    assert "Yukihiro" in llm.requests[-1].system


async def test_a_new_default_agent_answers_the_next_message(
    running: Product, ana: Phone, llm: FakeLLM
):
    running.settings(allow_all=True, sticky_minutes=5)
    running.settings(default_agent="eric")
    await ana.says("who are you?")
    await ana.hears()
    assert "Eric" in llm.requests[-1].system


async def test_new_clears_what_the_model_is_told(running: Product, ana: Phone, llm: FakeLLM):
    running.settings(allow_all=True)
    await ana.says("my cat is called Mia")
    await ana.hears()
    await ana.says("what is her name?")
    await ana.hears()
    assert "Mia" in str(llm.requests[-1].messages)
    await ana.says("/new")
    await ana.hears()
    await ana.says("and now?")
    await ana.hears()
    assert llm.requests[-1].messages == [("user", "and now?")]


async def test_model_changes_the_next_request(running: Product, ana: Phone, llm: FakeLLM):
    running.settings(allow_all=True)
    await ana.says("/model custom/other-model")
    await ana.hears(lambda message: "other-model" in message.text)
    await ana.says("hi")
    await ana.hears()
    assert llm.requests[-1].model == "other-model"


async def test_three_quick_messages_get_one_answer(running: Product, ana: Phone, llm: FakeLLM):
    running.settings(allow_all=True, gather_ms=1000)
    for line in ("one", "two", "three"):
        await ana.says(line)
    await ana.hears()
    await running.stored("three", MessageState.ANSWERED)
    assert len(llm.requests) == 1
    assert [line for line in ("one", "two", "three") if line in llm.requests[0].text] == [
        "one",
        "two",
        "three",
    ]
    assert ana.unheard == []


async def test_a_long_answer_arrives_complete_and_in_order(
    running: Product, ana: Phone, llm: FakeLLM
):
    running.settings(allow_all=True)
    book = _book(20_000)
    llm.replies(book)
    await ana.says("tell me everything")
    rows = await running.until(
        lambda: _all_sent(running),
        "the whole answer",
    )
    heard = [await ana.hears() for _ in rows]
    assert [message.text for message in heard] == [row["text"] for row in rows]
    assert all(len(message.text.encode("utf-16-le")) // 2 <= 4000 for message in heard)
    assert all(message.text.count("```") % 2 == 0 for message in heard)
    together = "".join(message.text for message in heard)
    for number in range(book.count("Paragraph ")):
        assert f"Paragraph {number} " in together
    assert "**" not in together and "## " not in together


async def test_groups_and_status_posts_are_ignored(running: Product, ana: Phone):
    running.settings(allow_all=True)
    group = running.sim.add_group("Family", [ana, running.owner])
    await ana.says("hello all", to=group)
    await ana.posts_status("my day")
    await ana.says("only you")
    await ana.hears()
    reasons = {row["reason"] for row in running.messages(state=MessageState.IGNORED)}
    assert {Reason.GROUP, Reason.STATUS_POST} <= reasons
    assert ana.unheard == []


async def test_a_quoted_message_reaches_the_agent(running: Product, ana: Phone, llm: FakeLLM):
    running.settings(allow_all=True)
    llm.replies("Tuesday or Friday?")
    await ana.says("when?")
    offered = await ana.hears()
    await ana.says("the second one", quoting=offered)
    await ana.hears()
    assert "Tuesday or Friday?" in llm.requests[-1].text


def _all_sent(product: Product):
    """The outbox once it has something in it and all of that has left."""
    rows = product.rows(tables.outbox)
    return rows if rows and all(row["state"] == "sent" for row in rows) else None


def _book(length: int) -> str:
    """Markdown of every kind, `length` characters of it."""
    parts: list[str] = []
    while sum(map(len, parts)) < length:
        number = len(parts)
        parts.append(
            f"## Chapter {number}\n\nParagraph {number} has **bold** words, "
            f"a [link](https://example.com/{number}) "
            f"and 👩‍👩‍👧 emoji. " + "It goes on for a while. " * 12 + "\n\n"
            f"- first of {number}\n- second of {number}\n\n"
            f"| name | value |\n| --- | --- |\n| row | {number} |\n\n"
            f"```python\nfor n in range({number}):\n    print(n)\n```\n\n"
        )
    return "".join(parts)
