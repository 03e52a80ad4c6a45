"""What the panel's tester foresees is what happens: each message is foreseen first, and then
written to the worker and the jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, insert, select, update

from core.admission.preview import Handling, Preview, Words, preview_message
from core.messages.message import Inbound, Kind, Place
from core.states import MessageState
from store import admission
from store.agents.agents import AgentFolder
from store.chats import chats, messages, people, takeovers
from store.pages import preview
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.worker.world import ALICE, World
from worker.connection.decisions import judge

Arrange = Callable[[World], None]


@dataclass(frozen=True)
class Came:
    """What happened: how the message ended, and the turn it became, if it did."""

    state: MessageState
    reason: str
    agent: str | None
    why: str | None
    kind: str | None
    error: str | None
    said: str


def foreseen(world: World, text: str, kind: Kind = Kind.TEXT) -> Preview:
    registry = AgentFolder(world.config.agents_dir).load()
    now = world.clock()
    with world.database.read() as connection:
        found = preview.read_input(connection, ALICE, None, registry, now)
    return preview_message(Words(kind, text, now), found)


async def write(world: World, text: str, kind: Kind = Kind.TEXT) -> Came:
    """From the library's callback to the outbox, without the network."""
    address = f"{ALICE.digits}@s.whatsapp.net"
    now = world.clock()
    inbound = Inbound("us", address, address, "M", Place.DIRECT, kind, text, now, phone=ALICE)

    def receive(connection: Connection) -> int | None:
        messages.receive(connection, inbound, now)
        [received] = messages.list_undecided(connection)
        outcome = judge(connection, admission.look_up(connection, received), now)
        return outcome.accepted.chat_id if outcome.accepted else None

    chat_id = world.do(receive)
    if chat_id is not None:
        await world.answering.answer(chat_id)
    return world.do(_came)


def _came(connection: Connection) -> Came:
    message = connection.execute(
        select(tables.messages).where(tables.messages.c.message_id == "M")
    ).one()
    turn = connection.execute(
        select(tables.turns).where(tables.turns.c.id == message.turn_id)
    ).first()
    texts = connection.scalars(
        select(tables.outbox.c.text).where(tables.outbox.c.turn_id == message.turn_id)
    ).all()
    return Came(
        MessageState(message.state),
        message.reason,
        turn.agent if turn else None,
        turn.why if turn else None,
        turn.kind if turn else None,
        turn.error_code if turn else None,
        "\n".join(texts) if message.turn_id else "",
    )


def allowed(agent: str | None = None) -> Arrange:
    return lambda world: world.allow("+1555*", agent)


def settings(**changes: object) -> Arrange:
    return lambda world: world.settings(**changes) and None


def in_chat(do: Callable[[Connection, int, World], None]) -> Arrange:
    """Something about the chat that Alice has already."""

    def arrange(world: World) -> None:
        chat_id = world.friend(ALICE).chat_id
        world.do(lambda connection: do(connection, chat_id, world))

    return arrange


def sticks_to(agent: str, minutes: int = 5) -> Arrange:
    return in_chat(
        lambda connection, chat, world: chats.stick(
            connection, chat, agent, world.clock() + timedelta(minutes=minutes)
        )
    )


def blocked(world: World) -> None:
    def block(connection: Connection) -> None:
        person = people.identify(connection, ALICE, None, "Alice", world.clock())
        people.block(connection, person.id, world.clock())

    world.do(block)


@in_chat
def paused(connection: Connection, chat: int, world: World) -> None:
    takeovers.begin(connection, chat, takeovers.By.PANEL, None, world.clock())


@in_chat
def expensive(connection: Connection, chat: int, world: World) -> None:
    person = select(tables.chats.c.person_id).where(tables.chats.c.id == chat)
    turn = {"chat_id": chat, "kind": "agent", "state": "done", "request": "x"}
    turn |= {"person_id": connection.scalar(person)}
    connection.execute(
        insert(tables.turns).values(**turn, cost_usd=Decimal(2), started_at=world.clock())
    )


def talkative(world: World) -> None:
    """Just now Alice has written and was answered."""
    world.friend(ALICE).writes("earlier")
    world.do(
        lambda connection: connection.execute(update(tables.messages).values(state="answered"))
    )


ON = settings(enabled=True)
BROKE = [settings(enabled=True, daily_cost_usd=Decimal(1)), allowed(), expensive]
BUSY = [settings(enabled=True, messages_per_minute=1), allowed(), talkative]
ALONE = [settings(enabled=True, default_agent=None), allowed()]
CASES: list[tuple[str, list[Arrange], str, Kind, Handling]] = [
    ("stranger", [ON], "hi", Kind.TEXT, Handling.REFUSED),
    ("switched off", [settings(enabled=False), allowed()], "hi", Kind.TEXT, Handling.REFUSED),
    ("blocked", [ON, allowed(), blocked], "hi", Kind.TEXT, Handling.REFUSED),
    ("reaction", [ON, allowed()], "👍", Kind.REACTION, Handling.REFUSED),
    ("allow all", [settings(enabled=True, allow_all=True)], "hi", Kind.TEXT, Handling.AGENT),
    ("fallback", [ON, allowed()], "hi", Kind.TEXT, Handling.AGENT),
    ("the entry's", [ON, allowed("eric")], "hi", Kind.TEXT, Handling.AGENT),
    ("sticky", [ON, allowed("eric"), sticks_to("mary_ann")], "hi", Kind.TEXT, Handling.AGENT),
    (
        "no longer",
        [ON, allowed("eric"), sticks_to("mary_ann", -1)],
        "hi",
        Kind.TEXT,
        Handling.AGENT,
    ),
    ("gone", [ON, allowed("gone"), sticks_to("away")], "hi", Kind.TEXT, Handling.AGENT),
    (
        "nobody",
        [settings(enabled=True, default_agent=None), allowed()],
        "hi",
        Kind.TEXT,
        Handling.NO_AGENT,
    ),
    ("mention", [ON, allowed()], "@mary ann hi", Kind.TEXT, Handling.AGENT),
    ("greeting", [ON, allowed()], "@eric", Kind.TEXT, Handling.GREETING),
    ("no mention", [ON, allowed()], "@nobody hi", Kind.TEXT, Handling.AGENT),
    ("command", [ON, allowed()], "/help", Kind.TEXT, Handling.COMMAND),
    ("unknown command", [ON, allowed()], "/nonsense", Kind.TEXT, Handling.COMMAND),
    ("picture", [ON, allowed()], "", Kind.IMAGE, Handling.EXCUSE),
    ("caption", [ON, allowed()], "what is this?", Kind.IMAGE, Handling.AGENT),
    ("paused", [ON, allowed(), paused], "hi", Kind.TEXT, Handling.PAUSED),
    ("command in a pause", [ON, allowed(), paused], "/help", Kind.TEXT, Handling.COMMAND),
    (
        "flood",
        BUSY,
        "hi",
        Kind.TEXT,
        Handling.FLOOD,
    ),
    (
        "budget",
        [settings(enabled=True, daily_cost_usd=Decimal(1)), allowed(), expensive],
        "hi",
        Kind.TEXT,
        Handling.OVER_BUDGET,
    ),
    (
        "help is free",
        [settings(enabled=True, daily_cost_usd=Decimal(1)), allowed(), expensive],
        "/help",
        Kind.TEXT,
        Handling.COMMAND,
    ),
]


@pytest.mark.parametrize(
    ("arrange", "text", "kind", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
async def test_what_is_foreseen_comes(
    world: World, llm: FakeLLM, arrange: list[Arrange], text: str, kind: Kind, expected: Handling
) -> None:
    for each in arrange:
        each(world)
    outlook = foreseen(world, text, kind)
    assert outlook.handling is expected
    came = await write(world, text, kind)
    assert came.reason == outlook.decision.reason
    match outlook.handling:
        case Handling.REFUSED:
            held = outlook.decision.verdict == "hold"
            assert came.state is (MessageState.HELD if held else MessageState.IGNORED)
        case Handling.PAUSED:
            assert came.state is MessageState.WAITING
        case Handling.AGENT:
            assert (came.kind, came.agent) == ("agent", outlook.agent)
            assert came.why == ("sticky" if outlook.turned_to else outlook.route.why)
        case Handling.COMMAND:
            assert came.kind == "command" and came.error is None
        case Handling.GREETING:
            assert came.said.startswith("You are now talking to Eric")
        case Handling.EXCUSE:
            assert came.said == outlook.excuse
        case Handling.NO_AGENT:
            assert came.error == "no_agent"
        case Handling.FLOOD:
            assert came.error == "rate_limited"
        case Handling.OVER_BUDGET:
            assert came.error == "over_budget"
