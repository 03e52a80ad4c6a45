"""A demo without the product's processes: phones, their WhatsApp and the page, in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import bootstrap
from config import Config
from demo.product import Product
from demo.web import make_app
from demo.world.people import GUESTS, OWNER
from demo.world.verbs import VERBS, Order
from demo.world.world import World
from simulator import Phone, SimulatorThread
from simulator.service.groups import Group

KEY = "the-key-of-the-demo"


class Hands:
    """People with the phones of a demo in their hands."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.alice, self.bob, self.owner = (world.phone(role.number) for role in (*GUESTS, OWNER))

        [self.team] = world.simulator.server.groups.values()

    def do(
        self, verb: str, phone: Phone, to: Phone | Group | None = None, /, **order: object
    ) -> None:
        where = str(to.jid) if isinstance(to, Group) else to.number if to else ""
        given = {"phone": phone.number, "to": where, **order}
        self.world.do(VERBS[verb], Order.model_validate(given))

    def shown(self, phone: Phone) -> list[dict[str, object]]:
        """The messages on a phone, as the page draws them."""
        state = self.world.draw()
        found = [v for k, v in state.items() if k.startswith(f"message:{phone.number}:")]
        return sorted(found, key=lambda message: message["order"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with SimulatorThread(tmp_path / "whatsapp") as thread:
        world = World(thread)
        world.populate()
        yield world


@pytest.fixture
def hands(world: World) -> Hands:
    return Hands(world)


@pytest.fixture
def product(env: dict[str, str], valkey_url: str, redis: object) -> Iterator[Product]:
    config = Config.from_env({**env, "REDIS_URL": valkey_url})
    bootstrap.bootstrap(config)
    product = Product(config)
    yield product
    product.close()


@pytest.fixture
def stranger(world: World, product: Product) -> FlaskClient:
    return make_app(world, product, KEY).test_client()


@pytest.fixture
def client(stranger: FlaskClient) -> FlaskClient:
    stranger.get(f"/enter/{KEY}")
    return stranger
