"""The past that a new device learns of."""

import pytest

from simulator import Phone, Simulator
from tests.simulator.bot import Bot

BOOTSTRAP, PUSH_NAMES = 0, 4  # HistorySyncType


@pytest.mark.parametrize("count", [2, 2000])
async def test_a_new_device_learns_of_the_past(
    unlinked: Bot, owner: Phone, ana: Phone, sim: Simulator, count: int
) -> None:
    """A short past comes inside the message, a long one over the media host."""
    owner.remembers("Do you open on Sunday?", by=ana, at=1_700_000_000)
    for number in range(count - 1):
        owner.remembers(f"No, on Monday {number}", to=ana)

    await unlinked.link(owner)

    told = await unlinked.tells("history", kind=BOOTSTRAP)
    assert len(told["said"]) == count
    assert told["said"][0] == ["15550002001@s.whatsapp.net", False, "Do you open on Sunday?"]
    assert told["said"][1] == ["15550002001@s.whatsapp.net", True, "No, on Monday 0"]
    names = await unlinked.tells("history", kind=PUSH_NAMES)
    assert names["names"] == {"15550002001@s.whatsapp.net": "Ana"}
    assert ana.unheard == [], "remembering sends nothing"


async def test_what_was_written_before_linking_is_history(
    unlinked: Bot, owner: Phone, ana: Phone
) -> None:
    await ana.says("hello?", to=owner)
    await owner.says("one moment", to=ana)
    await unlinked.link(owner)
    told = await unlinked.tells("history", kind=BOOTSTRAP)
    assert [text for _, _, text in told["said"]] == ["hello?", "one moment"]
    assert unlinked.has("message", text="hello?") == []
