"""What the owner does in the panel, for the audit log."""

from flask import g
from sqlalchemy import Connection

from app.web.ext import now
from store.account import audit
from store.account.audit import Action


def record_act(connection: Connection, action: Action, detail: str = "") -> None:
    """To be called in the transaction of what was done, so that both happen or neither. Never a
    secret in `detail`."""
    audit.record(connection, g.owner.name, action, detail, now())
