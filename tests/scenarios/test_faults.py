"""Processes die, sockets break, locks move: every accepted message is answered, in order."""

import os
import signal

import pytest

from core.link import End, Phase
from core.states import MessageState
from simulator import Phone
from store.sql import tables
from tests.scenarios.product import Product, connection_pid
from tests.services.fake_llm import FakeLLM
from tests.services.processes import Spawned


class House:
    """The product at work, with handles on its processes."""

    def __init__(self, product: Product, ana: Phone, llm: FakeLLM) -> None:
        self.product, self.ana, self.llm = product, ana, llm
        self.worker: Spawned = product.worker()
        self.jobs: Spawned = product.jobs()

    async def everything_answered(self, *texts: str) -> None:
        """Each was answered, and the answers came in the order of the messages."""
        for text in texts:
            await self.product.stored(text, MessageState.ANSWERED)

        def all_out() -> bool:
            return all(row["state"] == "sent" for row in self.product.rows(tables.outbox))

        await self.product.until(all_out, "all replies to be sent")
        turns = self.product.rows(tables.turns, state="done")
        requests = "\n".join(turn["request"] for turn in turns)
        positions = [requests.index(text) for text in texts]
        assert positions == sorted(positions)


@pytest.fixture
async def house(product: Product, llm: FakeLLM) -> House:
    ana = product.sim.add_phone("+15550002001", name="Ana")
    product.use(llm)
    house = House(product, ana, llm)
    await product.link()
    product.settings(enabled=True, default_agent="finn", gather_ms=0, allow_all=True)
    return house


async def test_jobs_killed_in_mid_answer(house: House):
    with house.llm.held():
        await house.ana.says("one")
        await house.product.until(lambda: house.llm.requests, "the model to be asked")
        await house.ana.says("two")
        await house.product.stored("two", MessageState.WAITING)
        house.jobs.kill()
    house.product.end_leases()
    house.product.jobs()
    await house.everything_answered("one", "two")
    assert len(house.product.rows(tables.turns, state="interrupted")) == 1


async def test_the_worker_killed_in_mid_answer(house: House):
    with house.llm.held():
        await house.ana.says("one")
        await house.product.until(lambda: house.llm.requests, "the model to be asked")
        house.worker.kill()
        await house.product.sim.wait_disconnected(house.product.owner)
        await house.ana.says("two")  # waits at the server until we are back
    house.product.end_lock()
    house.product.worker()
    await house.everything_answered("one", "two")
    await house.ana.hears()


async def test_the_connection_process_killed(house: House):
    await house.ana.says("one")
    await house.ana.hears()
    pid = connection_pid(house.worker)
    assert pid
    os.kill(pid, signal.SIGKILL)
    await house.ana.says("two")
    await house.everything_answered("one", "two")
    await house.ana.hears()
    assert connection_pid(house.worker) != pid


async def test_the_worker_stopped_in_order_loses_nothing(house: House):
    house.product.settings(gather_ms=0)
    texts = [f"message {number}" for number in range(30)]
    for text in texts[:15]:
        await house.ana.says(text)
    house.worker.popen.terminate()
    for text in texts[15:]:
        await house.ana.says(text)
    house.worker.wait()
    house.product.worker()
    await house.everything_answered(*texts)


async def test_a_cut_socket_is_mended_by_the_library(house: House):
    await house.product.sim.cut()
    await house.ana.says("still there?")
    await house.everything_answered("still there?")


async def test_a_standby_takes_over(house: House):
    second = house.product.worker()
    await house.product.printed(second, "Another engine instance holds the WhatsApp lock")
    beats = house.product.live.list_heartbeats("worker")
    assert [beat.holder for beat in beats].count(True) == 1
    house.worker.kill()
    await house.product.sim.wait_disconnected(house.product.owner)
    house.product.end_lock()
    await house.ana.says("anybody?")
    await house.product.printed(second, "[WhatsAppBridge] Connection: open")
    await house.everything_answered("anybody?")


async def test_replaced_steps_down_until_the_owner_takes_over(house: House):
    await house.product.sim.replace()
    status = await house.product.status(lambda s: s.end is End.REPLACED, "stepping down")
    assert status.phase is Phase.LINKED and not status.connected
    assert connection_pid(house.worker) is None
    house.product.request("take_over")
    await house.product.connected()
    await house.ana.says("back?")
    await house.everything_answered("back?")


async def test_a_banned_account_waits_and_says_until_when(house: House):
    await house.product.sim.ban(101, 3600)
    await house.product.sim.cut()
    status = await house.product.status(lambda s: s.end is End.BANNED, "the ban")
    assert status.retry_at is not None
    assert house.product.linked().is_linked and "session.db" in house.product.session_files()


async def test_an_unreadable_message_is_asked_for_again_and_answered_once(house: House):
    house.product.sim.faults.corrupt("to_client")
    await house.ana.says("can you read this?")
    await house.everything_answered("can you read this?")
    assert len(house.product.rows(tables.turns, state="done")) == 1
