"""An agent writes to people: those it may write to, and nobody else, whatever the model wants."""

from collections.abc import Sequence
from functools import partial

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import select

from core.admission.allowlist import Pattern
from core.link import Phase, Status
from core.phone import Phone
from store import link
from store.account import audit
from store.agents import permissions
from store.chats import chats
from store.redis.live import Live
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.worker.world import ALICE, BOB, World
from worker.tools.messaging import SENDS

SEND = "send_whatsapp_message"


def permit(world: World, pattern: str = BOB, label: str | None = None) -> int:
    with world.database.write() as connection:
        given = permissions.add(connection, "finn", Pattern.parse(pattern), label, world.clock())
    return given.id


def sent(world: World, phone: Phone = BOB) -> list[str]:
    """What was put into the outbox for this number."""
    table = tables.outbox
    address = f"{phone.digits}@s.whatsapp.net"
    rows = world.rows(select(table).where(table.c.address == address).order_by(table.c.id))
    return [row["text"] for row in rows]


def acts(world: World) -> Sequence[tuple[str, str]]:
    """What agents did, by the audit log, in order."""
    with world.database.read() as connection:
        latest = audit.list_acts(connection)
    return [(act.action, act.detail) for act in reversed(latest) if act.actor == "agent:finn"]


async def test_a_permitted_number_is_written_to(connected: World, llm: FakeLLM) -> None:
    permit(connected)
    llm.calls_tool(SEND, to="+1 555 000 0002", message="**Tea** is ready", then="I told Bob.")
    assert await connected.friend().asks("tell Bob that tea is ready") == "I told Bob."
    assert sent(connected) == ["🏗️ *Finn*\n*Tea* is ready"]
    [result] = llm.requests[-1].results
    assert result.startswith(f"Queued for {BOB} as message ")
    [(action, detail)] = acts(connected)
    assert action == "message queued" and f"finn to {BOB} (turn 1)" in detail
    assert Live(connected.redis).wait_for_outbox_nudge(0.01)


async def test_a_forbidden_number_is_refused_on_the_server(connected: World, llm: FakeLLM) -> None:
    permit(connected)
    mallory = Phone("+15550000003")
    llm.calls_tool(SEND, to=mallory, message="hi", then="I may not.")
    assert await connected.friend().asks("write to +15550000003") == "I may not."
    assert sent(connected, mallory) == []
    [result] = llm.requests[-1].results
    assert result.startswith(f"Not sent: you are not permitted to write to {mallory}.")
    [(action, detail)] = acts(connected)
    assert action == "message refused" and detail.startswith(f"to {mallory}: you are not permitted")
    assert [turn["state"] for turn in connected.turns()] == ["done"]


async def test_nobody_is_permitted_by_default(connected: World, llm: FakeLLM) -> None:
    llm.calls_tools([(SEND, {"to": ALICE, "message": "hi"})], [("list_whatsapp_targets", {})])
    await connected.friend().asks("write to me")
    refused, listed = llm.requests[-1].results
    assert refused.startswith("Not sent: you are not permitted")
    assert listed.startswith("You are not permitted to write to anybody.")
    assert sent(connected, ALICE) == ["Done."]
    assert [action for action, _ in acts(connected)] == ["message refused", "targets listed"]


async def test_permissions_of_other_agents_do_not_count(connected: World, llm: FakeLLM) -> None:
    with connected.database.write() as connection:
        permissions.add(connection, "eric", Pattern("*"), None, connected.clock())
    llm.calls_tool(SEND, to=BOB, message="hi")
    await connected.friend().asks("write to Bob")
    assert sent(connected) == []


@pytest.mark.parametrize(
    ("pattern", "is_sent"), [("+1555*", True), ("*", True), ("+1556*", False), (ALICE, False)]
)
async def test_prefixes_and_everyone(
    connected: World, llm: FakeLLM, pattern: str, is_sent: bool
) -> None:
    permit(connected, pattern)
    llm.calls_tool(SEND, to=BOB, message="hi")
    await connected.friend().asks("write to Bob")
    assert len(sent(connected)) == is_sent


async def test_a_permission_revoked_while_the_turn_runs_is_refused_at_once(
    connected: World, llm: FakeLLM
) -> None:
    given = permit(connected)
    hello = [(SEND, {"to": BOB, "message": "hi"})]
    llm.calls_tools(hello, hello).meanwhile(2, partial(connected.do, permissions.remove, given))
    await connected.friend().asks("write to Bob twice")
    first, second = llm.requests[-1].results
    assert first.startswith("Queued") and second.startswith("Not sent: you are not permitted")
    assert len(sent(connected)) == 1


async def test_targets_are_listed_with_their_labels(connected: World, llm: FakeLLM) -> None:
    for pattern, label in (("*", None), ("+1555*", "the office"), (BOB, "Bob"), (ALICE, None)):
        permit(connected, pattern, label)
    llm.calls_tool("list_whatsapp_targets")
    await connected.friend().asks("to whom can you write?")
    assert llm.requests[-1].results == [
        f"You may write to:\n- {ALICE}\n- {BOB} (Bob)\n"
        "- any number that begins with +1555 (the office)\n- any number"
    ]
    assert acts(connected) == [("targets listed", "4 permissions (turn 1)")]


async def test_there_is_a_limit_for_one_turn(connected: World, llm: FakeLLM) -> None:
    permit(connected)
    llm.calls_tools([(SEND, {"to": BOB, "message": "hi"})] * (SENDS + 2))
    await connected.friend().asks("tell Bob often")
    results = llm.requests[-1].results
    assert sum(result.startswith("Queued") for result in results) == SENDS
    over = [result for result in results if not result.startswith("Queued")]
    assert over == [f"Not sent: no more than {SENDS} messages can be sent in one turn."] * 2
    assert len(sent(connected)) == SENDS
    llm.calls_tool(SEND, to=BOB, message="hi")
    await connected.friend().asks("once more")
    assert len(sent(connected)) == SENDS + 1


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (None, "no account is linked"),
        (Status(Phase.SCAN), "no account is linked"),
    ],
)
async def test_without_an_account_nothing_is_sent(
    connected: World, llm: FakeLLM, status: Status | None, sentence: str
) -> None:
    permit(connected)
    connected.redis.flushall()
    if status:
        Live(connected.redis).publish(status)
    llm.calls_tool(SEND, to=BOB, message="hi")
    await connected.friend().asks("write to Bob")
    assert llm.requests[-1].results == [f"Not sent: WhatsApp is not connected: {sentence}."]
    assert sent(connected) == []


async def test_without_a_connection_nothing_is_sent(connected: World, llm: FakeLLM) -> None:
    permit(connected)
    connected.do(link.record_link, ALICE, "DjinnBot", connected.clock())
    hello = [(SEND, {"to": BOB, "message": "hi"})]
    live = Live(connected.redis)
    live.publish(Status(Phase.LINKED, connected=False))
    llm.calls_tools(hello, hello).meanwhile(2, connected.redis.flushall)
    await connected.friend().asks("write to Bob")
    assert llm.requests[-1].results == [
        "Not sent: WhatsApp is not connected.",
        "Not sent: WhatsApp is not connected: the worker is not running.",
    ]
    assert sent(connected) == []


async def test_while_disabled_nothing_is_sent(connected: World, llm: FakeLLM) -> None:
    permit(connected)
    connected.settings(enabled=False)
    llm.calls_tool(SEND, to=BOB, message="hi")
    await connected.friend().asks("write to Bob")
    [result] = llm.requests[-1].results
    assert "the integration is disabled" in result and sent(connected) == []


@pytest.mark.parametrize(
    ("to", "message", "sentence"),
    [
        ("Bob", "hi", "Start with + and the country code"),
        ("5550000002", "hi", "Start with + and the country code"),
        ("15550000002@s.whatsapp.net", "hi", "Start with +"),
        (BOB, "", "the message is empty."),
        (BOB, " \n", "the message is empty."),
        (BOB, "x" * 70_000, "the message is longer than 65536 characters."),
    ],
)
async def test_what_can_not_be_sent_has_a_sentence(
    connected: World, llm: FakeLLM, to: str, message: str, sentence: str
) -> None:
    permit(connected, "*")
    llm.calls_tool(SEND, to=to, message=message)
    await connected.friend().asks("write")
    [result] = llm.requests[-1].results
    assert result.startswith(f"Not sent: {sentence}")
    assert [action for action, _ in acts(connected)] == ["message refused"]


async def test_urgent_messages_and_long_ones(connected: World, llm: FakeLLM) -> None:
    permit(connected)
    long = "\n\n".join(["word " * 300] * 10)
    llm.calls_tools([(SEND, {"to": BOB, "message": long, "urgent": True})])
    await connected.friend().asks("write to Bob")
    pieces = sent(connected)
    assert len(pieces) > 1 and pieces[0].startswith("🏗️ *Finn*\nURGENT: word")


async def test_the_one_written_to_answers_the_agent_that_wrote(
    connected: World, llm: FakeLLM
) -> None:
    permit(connected)
    llm.calls_tool(SEND, to=BOB, message="hi")
    await connected.friend().asks("write to Bob")
    with connected.database.read() as connection:
        chat = chats.of_phone(connection, BOB)
    assert chat and chat.find_sticky(connected.clock()) == "finn"


async def test_tool_calls_stay_in_the_history_whole(connected: World, llm: FakeLLM) -> None:
    permit(connected)
    alice = connected.friend()
    llm.calls_tool(SEND, to=BOB, message="hi")
    await alice.asks("write to Bob")
    llm.replies("Yes.")
    assert await alice.asks("did you?") == "Yes."
    request = llm.requests[-1]
    assert [result.startswith("Queued") for result in request.results] == [True]
    roles = [message["role"] for message in request.body["messages"]]
    assert roles[-5:] == ["user", "assistant", "tool", "assistant", "user"]


async def test_a_model_that_calls_wrongly_is_told_and_may_try_again(
    connected: World, llm: FakeLLM
) -> None:
    permit(connected)
    llm.calls_tools(
        [(SEND, {"to": BOB})],
        [("send_sms", {"to": BOB})],
        [(SEND, {"to": BOB, "message": "hi"})],
    )
    assert await connected.friend().asks("write to Bob") == "Done."
    missing, unknown, queued = llm.requests[-1].results
    assert "message" in missing and "send_sms" in unknown and queued.startswith("Queued")


async def test_a_model_that_never_learns_fails_its_turn(connected: World, llm: FakeLLM) -> None:
    llm.calls_tools(*[[(SEND, {"to": BOB})]] * 10)
    assert "no usable answer" in await connected.friend().asks("write to Bob")
    assert [turn["error_code"] for turn in connected.turns()] == ["bad_answer"]


async def test_the_demo_has_no_tools(connected: World) -> None:
    connected.agent("finn", "demo/echo")
    assert "hello" in await connected.friend().asks("hello")


async def test_without_redis_nothing_is_sent_and_the_turn_goes_on(
    connected: World, llm: FakeLLM, free_port: int
) -> None:
    permit(connected)
    nowhere = Redis(port=free_port, retry=Retry(NoBackoff(), 0))
    answering = connected.another(redis=nowhere)
    llm.calls_tool(SEND, to=BOB, message="hi")
    alice = connected.friend().writes("write to Bob")
    await answering.answer(alice.chat_id)
    assert alice.reads() == ["Done."] and sent(connected) == []
    assert "can't be told at the moment" in llm.requests[-1].results[0]
