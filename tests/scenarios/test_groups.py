"""Groups, end to end: ignored until the owner wants otherwise, then answered when spoken to."""

import pytest

from core.messages.message import Reason
from core.settings import Groups
from core.states import MessageState
from simulator import Phone
from simulator.service.groups import Group
from store.sql import tables
from tests.scenarios.product import Product
from tests.services.fake_llm import FakeLLM

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def ana(product: Product) -> Phone:
    return product.sim.add_phone("+15550002001", name="Ana")


@pytest.fixture
def bob(product: Product) -> Phone:
    return product.sim.add_phone("+15550003001", name="Bob", addressing="lid")


@pytest.fixture
async def team(product: Product, ana: Phone, bob: Phone) -> Group:
    return product.sim.add_group("Team", [ana, bob, product.owner])


@pytest.fixture
def ready(running: Product) -> Product:
    """Groups are answered, and Ana may write."""
    running.allow("+15550002001")
    running.settings(groups=Groups.ADDRESSED)
    return running


async def reason_of(product: Product, message_id: str) -> str:
    """Why a message was not answered."""

    def look() -> str | None:
        rows = product.messages(message_id=message_id, state=MessageState.IGNORED)
        return rows[0]["reason"] if rows else None

    return await product.until(look, "the decision")


async def test_ignored_until_the_owner_wants_otherwise(
    running: Product, ana: Phone, team: Group, llm: FakeLLM
):
    running.settings(allow_all=True, ack_emoji="👀")
    ignored = await ana.says("are you there?", to=team, mentioning=running.owner)
    assert await reason_of(running, ignored) == Reason.GROUP
    running.settings(groups=Groups.ADDRESSED)
    await ana.says("and now?", to=team, mentioning=running.owner)
    heard = await ana.hears()
    assert heard.chat == str(team.jid)
    assert ana.ticks(ignored) != "read" and ignored not in ana.reactions
    assert [request.text for request in llm.requests] == ["Ana: and now?"]


@pytest.mark.parametrize("addressing", ["pn", "lid"])
async def test_whoever_speaks_to_us_is_answered_in_the_group(
    ready: Product, ana: Phone, bob: Phone, team: Group, llm: FakeLLM, addressing: str
):
    await ready.owner.is_addressed_by(addressing)  # how phones mention us
    await ana.is_addressed_by(addressing)
    ready.settings(ack_emoji="👀")
    llm.replies("A line of people.")
    with llm.held():
        asked = await ana.says("what is a queue?", to=team, mentioning=ready.owner)
        await ana.sees_read(asked)
        await ana.sees_reaction("👀", on=asked)
        await ana.sees(lambda phone: phone.typing_in(str(team.jid)))
        await bob.sees(lambda phone: phone.typing_in(str(team.jid)))
    for phone in (ana, bob):
        heard = await phone.hears("A line of people.")
        assert (heard.chat, heard.sender) == (str(team.jid), "+15550001000")
    request = llm.requests[-1]
    assert request.text == "Ana: what is a queue?"
    assert "in a WhatsApp group" in request.system and "+15550002001" in request.system
    stored = await ready.stored("what is a queue?", MessageState.ANSWERED)
    assert stored["reason"] == Reason.ALLOWED_NUMBER and stored["is_to_us"]
    (chat,) = ready.rows(tables.chats)
    assert (chat["channel"], chat["person_id"], chat["agent"]) == ("group", None, "finn")
    await ready.until(lambda: ready.rows(tables.chats, subject="Team"), "the group's name")
    llm.replies("Yes, in order.")
    await ana.says("all of them?", to=team, quoting=heard)
    await ana.hears("Yes, in order.")
    assert llm.requests[-1].text == "Ana:\n> A line of people.\nall of them?"
    assert "what is a queue?" in str(llm.requests[-1].messages)


async def test_what_is_not_for_us_is_let_alone(
    ready: Product, ana: Phone, bob: Phone, team: Group, llm: FakeLLM
):
    ready.settings(ack_emoji="👀")
    remark = await ana.says("lunch?", to=team)
    stranger = await bob.says("let me in", to=team, mentioning=ready.owner)
    assert await reason_of(ready, remark) == Reason.GROUP_NOT_ADDRESSED
    assert await reason_of(ready, stranger) == Reason.GROUP_NOT_ALLOWED
    assert "read" not in (ana.ticks(remark), bob.ticks(stranger))
    assert not llm.requests and not ana.typing_log and not ana.reactions
    assert ready.messages(state=MessageState.HELD) == [] and ready.rows(tables.chats) == []
    assert {row["text"] for row in ready.messages()} == {""}
    assert len(ready.rows(tables.people)) == 0


async def test_the_group_has_its_own_agent_and_memory(
    ready: Product, ana: Phone, team: Group, llm: FakeLLM
):
    await ana.says("/agent yukihiro", to=team)
    assert (await ana.hears(lambda m: "Yukihiro" in m.text)).chat == str(team.jid)
    await ana.says("my cat is called Mia")
    assert (await ana.hears()).chat == "+15550001000"
    assert "Finn" in llm.requests[-1].system
    await ana.says("what is her name?", to=team, mentioning=ready.owner)
    await ana.hears()
    assert "Yukihiro" in llm.requests[-1].system and "Mia" not in str(llm.requests[-1].messages)
    await ana.says("@eric and you?", to=team)
    await ana.hears()
    assert llm.requests[-1].text == "Ana: and you?" and "Eric" in llm.requests[-1].system
    assert len(ready.rows(tables.chats)) == 2 and len(ready.rows(tables.people)) == 1


async def test_two_people_get_two_answers(
    ready: Product, ana: Phone, bob: Phone, team: Group, llm: FakeLLM
):
    ready.allow("+15550003001")
    ready.settings(gather_ms=1000)
    await ana.says("one", to=team, mentioning=ready.owner)
    await ana.says("two", to=team, mentioning=ready.owner)
    await bob.says("three", to=team, mentioning=ready.owner)
    for _ in range(2):
        await ana.hears(lambda message: message.sender == "+15550001000")
    assert [request.text for request in llm.requests] == ["Ana: one\ntwo", "Bob: three"]


async def test_edits_and_deletions_before_the_turn(
    ready: Product, ana: Phone, team: Group, llm: FakeLLM
):
    with llm.held():
        await ana.says("first", to=team, mentioning=ready.owner)
        await ready.until(lambda: llm.requests, "the model to be asked")
        second = await ana.says("second", to=team, mentioning=ready.owner)
        third = await ana.says("third", to=team, mentioning=ready.owner)
        await ready.stored("third", MessageState.WAITING)
        await ana.edits(second, "second, better", to=team)
        await ana.deletes(third, to=team)
        await ready.until(lambda: ready.messages(reason=Reason.DELETE, kind="text"), "the end")
        await ready.stored("second, better", MessageState.WAITING)
    await ana.hears()
    await ana.hears()
    assert llm.requests[-1].text == "Ana: second, better"


async def test_the_owner_in_the_group_pauses_it(
    ready: Product, ana: Phone, team: Group, llm: FakeLLM
):
    await ready.owner.says("hello all", to=team)  # before anybody spoke to us: nobody's business
    await ana.says("hi", to=team, mentioning=ready.owner)
    await ana.hears(lambda message: message.from_device)
    await ready.owner.says("I'll answer that myself.", to=team)
    await ready.until(lambda: ready.rows(tables.chats, paused_by="phone"), "the pause")
    await ana.says("thanks", to=team, mentioning=ready.owner)
    await ready.stored("thanks", MessageState.WAITING)
    texts = {row["text"] for row in ready.messages(from_me=True)}
    assert "I'll answer that myself." in texts and "hello all" not in texts
    await ana.says("only us?")
    assert (await ana.hears(lambda message: message.from_device)).chat == "+15550001000"
