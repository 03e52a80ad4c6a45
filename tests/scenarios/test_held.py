"""Somebody who may not write is let in from the panel, and answered after all."""

import json
from collections.abc import Iterator

import pytest

from app import create_app
from app.web.ext import Services
from config import Config
from core.messages.message import Reason
from core.phone import Phone as Number
from core.states import MessageState
from simulator import Phone
from store.chats import people
from tests.app.visitor import Visitor
from tests.scenarios.product import Product
from tests.services.fake_llm import FakeLLM

FORM = {"label": "Bob", "agent": "", "answer": "y"}


@pytest.fixture
def running(running: Product) -> Product:
    running.settings(keep_held_text=True)
    return running


@pytest.fixture
def bob(product: Product) -> Phone:
    return product.sim.add_phone("+15550003001", name="Bob")


@pytest.fixture
def owner(running: Product) -> Iterator[Visitor]:
    """In the panel, beside the running product."""
    app = create_app(Config.from_env(running.env))
    visitor = Visitor(app)
    visitor.sign_in()
    yield visitor
    services: Services = app.extensions["djinnbot"]
    services.live.redis.close()
    services.db.close()


async def test_somebody_with_a_hidden_number_is_let_in(
    running: Product, owner: Visitor, llm: FakeLLM
):
    """WhatsApp never tells the number, until one day it does."""
    dave = running.sim.add_phone("+15550003002", name="Dave", addressing="lid_only")
    eve = running.sim.add_phone("+15550003003", name="Eve", addressing="lid_only")
    await dave.says("Is anybody there?")
    held = await running.stored("Is anybody there?", MessageState.HELD)
    assert held["reason"] == Reason.NUMBER_UNKNOWN and held["phone"] is None

    form = {f"person{held['person_id']}-{name}": value for name, value in FORM.items()}
    llm.replies("I am.")
    assert owner.submit(f"/people/{held['person_id']}/allow", **form).status_code == 303
    await dave.hears("I am.")
    await dave.says("Good.")
    await dave.hears()
    answered = await running.stored("Good.", MessageState.ANSWERED)
    assert answered["reason"] == Reason.ALLOWED_HIDDEN and answered["phone"] is None

    dave._handset.addressing = "lid"  # with the number beside the hidden id
    await dave.says("Here is my number.")
    await dave.hears()
    shown = await running.stored("Here is my number.", MessageState.ANSWERED)
    assert shown["phone"] == dave.number and shown["chat_id"] == answered["chat_id"]
    dave._handset.addressing = "pn"  # and the number alone
    await dave.says("It is me.")
    await dave.hears()
    await eve.says("Me too?")
    await running.stored("Me too?", MessageState.HELD)


async def test_what_was_kept_is_answered(
    running: Product, bob: Phone, owner: Visitor, llm: FakeLLM
):
    first = await bob.says("Is this the plumber?")
    await bob.says("There is water in the cellar.")
    await running.stored("There is water in the cellar.", MessageState.HELD)
    assert bob.unheard == [] and bob.ticks(first) != "read"

    with running.database.read() as connection:
        person = people.by_phone(connection, Number(bob.number))
    assert person
    llm.replies("I am on my way.")
    form = {f"person{person.id}-{name}": value for name, value in FORM.items()}
    assert owner.submit(f"/people/{person.id}/allow", **form).status_code == 303
    await bob.hears("I am on my way.")
    assert "plumber?\\nThere is water" in json.dumps(llm.requests[-1].body)
    answered = await running.stored("There is water in the cellar.", MessageState.ANSWERED)
    assert answered["reason"] == Reason.ALLOWED_NUMBER
    await bob.sees_read(first)
    await bob.says("Thanks!")
    await bob.hears()
