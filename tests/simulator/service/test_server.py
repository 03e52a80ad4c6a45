"""The log of stanzas."""

from simulator import Phone, Simulator
from simulator.service.server import Record
from tests.simulator.scripted import Scripted


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
