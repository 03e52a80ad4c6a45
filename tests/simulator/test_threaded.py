"""The simulator for code that is not asynchronous."""

from pathlib import Path

import pytest

from simulator import SimulatorThread


def test_phones_can_be_held_without_asyncio(tmp_path: Path) -> None:
    with SimulatorThread(tmp_path) as sim:
        owner = sim.add_phone("+15550001000", name="Shop")
        ana = sim.add_phone("+15550002001", name="Ana")
        with pytest.raises(LookupError, match="0 accounts have linked devices"):
            ana.says("hello")
        message_id = ana.says("hello", to=owner)
        assert owner.hears("hello").id == message_id
        assert ana.ticks(message_id) == "delivered"
        with pytest.raises(AssertionError, match="Ana did not hear 'hi' within 0.0 s"):
            ana.hears("hi", timeout=0.0)
        with pytest.raises(ValueError, match="there is a phone"):
            sim.add_phone("+15550001000")
        with pytest.raises(ValueError, match="no phone number"):
            sim.add_phone("hello")
        assert not sim.is_connected()
