"""Runs that repeat exactly."""

from pathlib import Path

from simulator import Simulator
from simulator.clockwork import Clockwork
from simulator.service.server import Record
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
