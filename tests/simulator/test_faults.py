"""What goes wrong between a client and the service, with the real client."""

import asyncio

import pytest

from simulator import Phone, Simulator
from simulator.service.account import FEW_PREKEYS
from simulator.service.connection import Connection
from simulator.wire.delay import Delay
from simulator.wire.jid import SERVER
from simulator.wire.node import Node, node
from simulator.wire.noise import ServerIdentity
from tests.simulator.bot import Bot
from tests.waiting import PATIENCE


def deliveries(sim: Simulator, message_id: str) -> list[str]:
    """How often a message was sent to a client: "" at once, "0" from the offline queue."""
    return [
        record.stanza.text("offline")
        for record in sim.stanzas
        if record.stanza.tag == "message"
        and record.direction == "out"
        and record.stanza.text("id") == message_id
    ]


async def test_messages_wait_for_a_client_that_is_away(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    await bot.kill()
    await sim.wait_disconnected()
    ids = [await ana.says(f"fast {number}") for number in range(5)]
    await bot.start()
    for number in range(5):
        await ana.hears(f"fast {number}")
    assert [deliveries(sim, message_id) for message_id in ids] == [["0"]] * 5
    await ana.sees_delivered(ids[-1])


async def test_what_was_not_acknowledged_comes_again(bot: Bot, ana: Phone, sim: Simulator) -> None:
    """A client that dies before it confirms a message gets it again, encrypted as it was."""
    await bot.freeze()
    mine = await ana.says("hello")
    assert deliveries(sim, mine) == [""]
    await bot.kill()
    await sim.wait_disconnected()
    assert ana.ticks(mine) == "sent"

    await bot.start()

    await ana.hears("hello")
    assert deliveries(sim, mine) == ["", "0"]
    await bot.kill()
    await bot.start()
    await ana.says("fast after")
    await ana.hears("fast after")
    assert deliveries(sim, mine) == ["", "0"]


async def test_a_cut_socket_is_mended_by_the_client(bot: Bot, ana: Phone, sim: Simulator) -> None:
    await sim.cut()
    await bot.tells("Disconnected")
    await bot.tells("Connected", count=2)
    await ana.says("fast hello")
    await ana.hears("fast hello")


async def test_the_service_restarts(bot: Bot, ana: Phone, sim: Simulator) -> None:
    proxy = sim.proxy_url
    away = asyncio.Event()
    restart = asyncio.create_task(sim.restart(away=away))
    await bot.tells("Disconnected")
    await ana.says("fast hello")
    away.set()
    await restart
    assert sim.proxy_url == proxy
    await ana.hears("fast hello")


async def test_connections_can_be_refused(bot: Bot, ana: Phone, sim: Simulator) -> None:
    sim.faults.refuse = True
    await sim.cut()
    await bot.tells("Disconnected")
    assert not sim.connected()
    sim.faults.refuse = False
    await sim.wait_connected()
    await ana.says("fast hello")
    await ana.hears("fast hello")


async def test_a_stream_error_503_is_mended_by_the_client(bot: Bot, sim: Simulator) -> None:
    await sim.stream_error(503)
    await bot.tells("Disconnected")
    await bot.tells("Connected", count=2)


async def test_a_replaced_client_stays_away(bot: Bot, sim: Simulator) -> None:
    await sim.replace()
    await bot.tells("StreamReplaced")
    await sim.wait_disconnected()


async def test_a_second_login_replaces_the_first(bot: Bot, sim: Simulator) -> None:
    second = Bot(sim, bot.store)
    await second.start()
    try:
        await bot.tells("StreamReplaced")
        await second.tells("Connected")
        await sim.wait_connected()
    finally:
        await second.kill()


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        (401, "LoggedOut"),
        (403, "LoggedOut"),
        (405, "ClientOutdated"),
        (400, "ConnectFailure"),
    ],
)
async def test_logins_are_refused(bot: Bot, sim: Simulator, reason: int, event: str) -> None:
    await sim.refuse_logins(reason)
    await bot.tells(event)
    assert not sim.connected()


async def test_a_login_refused_with_503_is_tried_again(bot: Bot, sim: Simulator) -> None:
    await sim.refuse_logins(503)
    await bot.tells("Disconnected", count=2)
    sim.forgive()
    await bot.tells("Connected", count=2)


async def test_a_ban_says_how_long(bot: Bot, sim: Simulator) -> None:
    await sim.ban(code=103, expire=1234)
    told = await bot.tells("TemporaryBan")
    assert "1234" in told["data"]


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1])
async def test_acknowledgements_take_their_time(
    bot: Bot, ana: Phone, sim: Simulator, delay: float
) -> None:
    sim.faults.ack_delay = delay
    await ana.says("hello")
    answer = await ana.hears("hello")
    await bot.tells("sent", id=answer.id)
    sent, acknowledged = (
        next(
            record.at
            for record in sim.stanzas
            if record.direction == direction
            and record.stanza.tag == tag
            and record.stanza.text("id") == answer.id
        )
        for tag, direction in (("message", "in"), ("ack", "out"))
    )
    assert acknowledged - sent >= delay


async def test_acknowledgements_can_be_dropped(bot: Bot, ana: Phone, sim: Simulator) -> None:
    sim.faults.drop_acks = True
    await ana.says("fast hello")
    await ana.hears("fast hello")
    assert not any(r.stanza.text("class") == "message" for r in sim.stanzas if r.direction == "out")
    assert not bot.has("done", what="answer")


async def test_messages_can_be_refused(bot: Bot, ana: Phone, sim: Simulator) -> None:
    sim.faults.refuse_messages = 463
    outcome = await bot.does("send", to="15550002001", text="buy now")
    assert "server returned error 463" in outcome["data"]
    sim.faults.refuse_messages = None
    await bot.does("send", to="15550002001", text="hello")
    assert [(await ana.hears()).text, ana.unheard] == ["hello", []]


async def test_pings_can_be_muted(sim: Simulator) -> None:
    """The client pings every 20 to 30 s only, so this one is asked here."""
    sent: list[Node] = []
    connection = Connection(sim.server, ServerIdentity(), None)  # type: ignore[arg-type]
    connection.send = sent.append  # type: ignore[method-assign]
    ping = node("iq", xmlns="w:p", type="get", id="1", to=SERVER)
    for sim.faults.mute_pings in (True, False):
        sim.server.handle_stanza(connection, ping)
        assert [str(stanza) for stanza in sent] == (
            [] if sim.faults.mute_pings else ['<iq type="result" id="1" from="s.whatsapp.net"/>']
        )


async def test_a_client_that_runs_out_of_prekeys_makes_more(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    companion = sim.bot.linked_devices[0]
    while len(companion.prekeys) > FEW_PREKEYS + 1:
        companion.prekeys.popleft()
    await ana.says("fast hello")
    await ana.hears("fast hello")
    await sim.server.changes.wait_until(
        lambda: len(companion.prekeys) > FEW_PREKEYS, PATIENCE, lambda: "no new prekeys"
    )


async def test_a_phone_that_cannot_decrypt_asks_again(bot: Bot, ana: Phone, sim: Simulator) -> None:
    sim.faults.corrupt("to_phones", 1)
    await ana.says("fast hello")
    await ana.hears("fast hello")
    assert ana.undecryptable == 1


async def test_a_phone_that_cannot_decrypt_twice_starts_a_new_session(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    sim.faults.corrupt("to_phones", 2)
    await ana.says("fast hello")
    await ana.hears("fast hello")
    assert ana.undecryptable == 2
    await ana.says("fast and on")
    await ana.hears("fast and on")


@pytest.mark.parametrize("count", [1, 2])
async def test_the_owners_phone_asks_again_too(
    bot: Bot, owner: Phone, ana: Phone, sim: Simulator, count: int
) -> None:
    sim.faults.corrupt("to_owner", count)
    await ana.says("fast hello")
    answer = await ana.hears("fast hello")
    await owner.sees(lambda phone: answer.id in phone.messages)
    assert owner.undecryptable == count


@pytest.mark.parametrize("count", [1, 2])
async def test_a_client_that_cannot_decrypt_gets_the_message_again(
    bot: Bot, ana: Phone, sim: Simulator, count: int
) -> None:
    await ana.says("fast hello")
    await ana.hears("fast hello")
    sim.faults.corrupt("to_client", count)
    mine = await ana.says("fast again")
    await bot.tells("UndecryptableMessage", count=count)
    await ana.hears("fast again")
    assert len(deliveries(sim, mine)) == 1 + count


async def test_a_phone_that_lost_its_session_gets_the_message_again(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    await ana.says("fast hello")
    await ana.hears("fast hello")
    companion = sim.bot.linked_devices[0]
    ana._handset.keyring.forget(companion.address)
    await bot.does("send", to="15550002001", text="are you there?")
    await ana.hears("are you there?")
    assert ana.undecryptable == 1


async def test_connections_are_refused_for_a_while(bot: Bot, sim: Simulator) -> None:
    await sim.refuse_for(3600)
    await bot.tells("Disconnected")
    assert sim.faults.active == {"refuse": True}
    await sim.refuse_for(0.1)
    await sim.wait_connected()
    assert sim.faults.active == {}


async def test_a_ban_ends_by_itself(bot: Bot, sim: Simulator) -> None:
    await bot.kill()
    await sim.ban(expire=1)
    assert "login_failure" in sim.faults.active
    await sim.server.changes.wait_until(
        lambda: sim.faults.login_failure is None, PATIENCE, lambda: "the ban goes on"
    )
    await bot.start()
    await sim.wait_connected()


async def test_on_a_slow_network_everything_takes_longer_and_keeps_its_order(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    began, sim.faults.latency = sim.server.clockwork.now(), 0.2
    ids = [await ana.says(f"fast {number}") for number in range(3)]
    sim.faults.latency = 0.0
    for number in range(3):
        await ana.hears(f"fast {number}")
    arrived = [
        record.at
        for record in sim.stanzas
        if record.direction == "out" and record.stanza.text("id") in ids
    ]
    assert arrived[0] - began >= 0.15
    heard = [message.text for message in ana.messages.values() if not message.from_me]
    assert heard == ["fast 0", "fast 1", "fast 2"]


async def test_everything_can_be_put_back_to_normal(sim: Simulator) -> None:
    sim.faults.latency, sim.faults.drop_acks, sim.faults.refuse_uploads = 1.0, True, 503
    sim.faults.corrupt("to_client", 2)
    assert sim.faults.active == {
        "latency": 1.0,
        "drop_acks": True,
        "refuse_uploads": 503,
        "corrupt": {"to_client": 2},
    }
    sim.faults.reset()
    assert sim.faults.active == {}
    assert sim.faults.maybe_corrupt("to_client", b"ab") == b"ab"


async def test_nothing_overtakes_on_a_line_with_delay() -> None:
    line, out = Delay(), asyncio.Queue[str]()
    line.put(0, lambda: out.put_nowait("at once"))
    assert out.get_nowait() == "at once"
    line.put(0.05, lambda: out.put_nowait("late"))
    line.put(0, lambda: out.put_nowait("behind"))
    async with asyncio.timeout(PATIENCE):
        assert [await out.get(), await out.get()] == ["late", "behind"]
    line.put(0.05, lambda: out.put_nowait("never"))
    line.clear()
    line.put(0, lambda: out.put_nowait("again at once"))
    assert out.get_nowait() == "again at once"
