"""What goes wrong between a client and the service, with the real client."""

import pytest

from simulator import Phone, Simulator
from simulator.service.account import FEW_PREKEYS
from simulator.service.connection import Connection
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
