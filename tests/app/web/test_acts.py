"""What the owner does is recorded under the owner's name, with the change it is about."""

from types import SimpleNamespace

import pytest
from flask import Flask, g

from app.web.acts import record_act
from app.web.ext import Services
from store.account import audit
from store.account.audit import Action


def test_an_act_is_the_owner_s(app: Flask, services: Services) -> None:
    with app.test_request_context():
        g.owner = SimpleNamespace(name="ana")
        with services.db.write() as connection:
            record_act(connection, Action.CHAT_PAUSED, "chat 7")
    with services.db.read() as connection:
        [act] = audit.list_acts(connection)
    assert (act.actor, act.action, act.detail) == ("ana", "chat paused", "chat 7")


def test_what_did_not_happen_was_not_done(app: Flask, services: Services) -> None:
    with app.test_request_context():
        g.owner = SimpleNamespace(name="ana")
        with pytest.raises(RuntimeError), services.db.write() as connection:
            record_act(connection, Action.CHAT_PAUSED)
            raise RuntimeError
    with services.db.read() as connection:
        assert audit.list_acts(connection) == []
