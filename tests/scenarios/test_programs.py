"""A program sends through the API of the running product, and people hear it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from core.states import PieceState
from simulator import Phone
from store.account import api_keys
from store.chats import sends
from tests.scenarios.product import Product
from tests.services.processes import Spawned, Spawner
from tests.waiting import PATIENCE

SEND = "/v1/whatsapp/finn/send"
AT_ONCE = 12


@pytest.fixture
def ana(product: Product) -> Phone:
    return product.sim.add_phone("+15550002001", name="Ana")


@pytest.fixture
async def worker(product: Product) -> Spawned:
    """It has linked the account; the integration is on."""
    worker = product.worker()
    await product.link()
    product.settings(enabled=True)
    return worker


@pytest.fixture
async def program(product: Product, spawn: Spawner) -> AsyncIterator[httpx.AsyncClient]:
    """Talks to the panel, which is two processes."""
    address = f"127.0.0.1:{product.env['PORT']}"
    web = ("-m", "gunicorn", "-k", "gthread", "-w", "2", "--threads", "8", "--no-control-socket")
    spawn(*web, "-b", address, "wsgi:app", env=product.env)
    with product.database.write() as connection:
        key = api_keys.create(connection, "program", ["send"], datetime.now(UTC))
    async with httpx.AsyncClient(
        base_url=f"http://{address}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=PATIENCE,
        transport=httpx.AsyncHTTPTransport(retries=8),  # until it listens
    ) as client:
        yield client


async def told_when_sent(
    product: Product, program: httpx.AsyncClient, send_id: int
) -> dict[str, Any]:
    """What the API says of it, once it is sent."""

    def is_sent() -> bool:
        with product.database.read() as connection:
            progress = sends.read_progress(connection, send_id)
        return progress is not None and progress.state is PieceState.SENT

    await product.until(is_sent, f"send {send_id} to be sent")
    told: dict[str, Any] = (await program.get(f"/v1/whatsapp/messages/{send_id}")).json()
    return told


async def test_a_message_that_is_asked_for_many_times_is_heard_once(
    product: Product, worker: Spawned, program: httpx.AsyncClient, ana: Phone
) -> None:
    body = {"to": "+15550002001", "message": "The build is **green**."}
    headers = {"Idempotency-Key": "build-1841"}
    answers = await asyncio.gather(
        *(program.post(SEND, json=body, headers=headers) for _ in range(AT_ONCE))
    )
    assert {answer.status_code for answer in answers} == {202}
    [send_id] = {answer.json()["id"] for answer in answers}
    await ana.hears("🏗️ *Finn*\nThe build is *green*.")
    told = await told_when_sent(product, program, send_id)
    assert (told["state"], told["error"], len(told["chunks"])) == ("sent", None, 1)
    assert ana.unheard == []


async def test_a_message_waits_for_the_worker_if_it_may(
    product: Product, worker: Spawned, program: httpx.AsyncClient, ana: Phone
) -> None:
    worker.stop()
    product.end_status()
    body = {"to": "+15550002001", "message": "Good morning"}
    await product.until(lambda: product.live.read_status() is None, "nobody to know")
    refused = await program.post(SEND, json=body)
    assert refused.status_code == 503
    assert refused.json()["detail"].startswith("WhatsApp is not connected")
    queued = await program.post(SEND, params={"queue": "true"}, json=body)
    assert queued.status_code == 202
    path = f"/v1/whatsapp/messages/{queued.json()['id']}"
    assert (await program.get(path)).json()["state"] == "queued"
    product.worker()
    await ana.hears("🏗️ *Finn*\nGood morning")
    told = await told_when_sent(product, program, queued.json()["id"])
    assert told["state"] == "sent" and told["sentAt"] is not None
    assert ana.unheard == []
