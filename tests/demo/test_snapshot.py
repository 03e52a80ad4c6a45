"""What phones remember from one start of a demo to the next."""

from pathlib import Path

import pytest

from demo import snapshot
from demo.world.world import World
from simulator import SimulatorThread
from tests.demo.conftest import Hands


def test_phones_go_on_where_they_were(hands: Hands, tmp_path: Path) -> None:
    hands.do("say", hands.alice, hands.bob, text="Remember this")
    hands.do("attach", hands.alice, hands.bob, sample="picture")
    hands.do("rename", hands.bob, name="Robert")
    path = tmp_path / "phones.pickle"
    snapshot.save(hands.world, path)
    assert snapshot.can_be_restored(path)
    drawn = hands.world.draw()

    with SimulatorThread(tmp_path / "again") as thread:
        world = World(thread)
        thread.run(snapshot.restore, world, path)
        assert world.draw() == drawn
        again = Hands(world)
        again.do("say", again.bob, again.alice, text="I do")
        picture = again.shown(again.bob)[1]["id"]
        assert world.file(again.bob.number, picture)[0].startswith(b"\x89PNG")
    assert not snapshot.can_be_restored(path), "it is used up"


@pytest.mark.parametrize("content", [b"", b"something else entirely, written by other code"])
def test_what_other_code_has_written_is_not_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "phones.pickle"
    path.write_bytes(content)
    assert not snapshot.can_be_restored(path)
