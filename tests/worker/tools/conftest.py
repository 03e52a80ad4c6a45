import pytest

from core.link import Phase, Status
from store.live import Live
from tests.worker.world import World


@pytest.fixture
def connected(world: World) -> World:
    """Finn answers Alice; WhatsApp is enabled and connected."""
    world.settings(enabled=True)
    Live(world.redis).publish(Status(Phase.LINKED, connected=True))
    return world
