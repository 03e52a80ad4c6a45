"""The product on PostgreSQL, and on an embedded Valkey that dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from config import Config
from core.link import End, Phase
from core.states import MessageState
from simulator import Simulator
from store.redis import valkey
from store.sql import tables
from store.sql.engine import Database
from tests.scenarios.product import Product
from tests.services.fake_llm import FakeLLM
from tests.services.processes import Spawner
from tests.waiting import until_async


@pytest.fixture
def far_product(
    sim: Simulator,
    spawn: Spawner,
    postgresql_url: str,
    env: dict[str, str],
    redis,
    llm: FakeLLM,
) -> Iterator[Product]:
    """Everything in PostgreSQL, the WhatsApp session too: nothing shared but servers."""
    env |= {"DATABASE_URL": postgresql_url, "WHATSAPP_AUTH_DATABASE_URL": _for_go(postgresql_url)}
    database = Database(postgresql_url)
    product = Product(sim, spawn, database, redis, env)
    product.use(llm)
    yield product
    database.close()


async def test_a_conversation_on_postgresql_moves_to_another_machine(
    far_product: Product, tmp_path: Path
):
    product = far_product
    first = product.worker()
    product.jobs()
    await product.link()
    product.settings(enabled=True, default_agent="finn", gather_ms=0, allow_all=True)
    ana = product.sim.add_phone("+15550002001", name="Ana")
    await ana.says("hi")
    await ana.hears()
    first.stop()
    other_disk = {"DATA_DIR": str(tmp_path / "other"), "WHATSAPP_AUTH_DIR": str(tmp_path / "there")}
    product.worker(**other_disk)
    await product.connected()
    await ana.says("hi again")
    await ana.hears()
    await product.stored("hi again", MessageState.ANSWERED)


async def test_unlinking_empties_the_session_in_postgresql(far_product: Product):
    far_product.worker()
    await far_product.link()
    await far_product.owner.remove_device()
    await far_product.status(lambda s: s.phase is Phase.UNLINKED, "unlinked")
    assert far_product.linked().end is End.REMOVED_ON_PHONE
    await far_product.link()


async def test_a_killed_redis_costs_only_a_delay(
    sim: Simulator,
    spawn: Spawner,
    database: Database,
    env: dict[str, str],
    llm: FakeLLM,
):
    env["REDIS_URL"] = ""  # the embedded one
    config = Config.from_env(env)
    server = spawn("-m", "store.redis.valkey", env=env)
    client = valkey.connect(config.redis)
    valkey.wait_ready(client)
    product = Product(sim, spawn, database, client, env)
    product.use(llm)
    product.worker()
    product.jobs()
    await product.link()
    product.settings(enabled=True, default_agent="finn", gather_ms=0, allow_all=True)
    ana = sim.add_phone("+15550002001", name="Ana")
    with llm.held():
        await ana.says("one")
        await until_async(lambda: llm.requests, "the model to be asked")
        server.kill()
        await ana.says("two")
    spawn("-m", "store.redis.valkey", env=env)
    await product.stored("one", MessageState.ANSWERED)
    await product.stored("two", MessageState.ANSWERED)
    await ana.hears()
    assert len(product.rows(tables.turns, state="done")) == 2
    client.close()


def _for_go(url: str) -> str:
    """The same database in the words of the library's driver."""
    parsed = make_url(url)
    host = parsed.query.get("host")
    return f"postgres://{parsed.username}@/{parsed.database}?host={host}&sslmode=disable"
