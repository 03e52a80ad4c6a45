import pytest

from core.link import Phase, Status
from store.redis.live import Live
from tests.waiting import PATIENCE
from tests.worker.world import World
from worker.tools import mcp


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn waits for the servers' start, however busy the machine is."""
    monkeypatch.setattr(mcp, "PATIENCE", PATIENCE)


@pytest.fixture
def connected(world: World, lasting_signs: None) -> World:
    """Finn answers Alice; WhatsApp is enabled and connected."""
    world.settings(enabled=True)
    Live(world.redis).publish(Status(Phase.LINKED, connected=True))
    return world
