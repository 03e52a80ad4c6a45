"""Who changed what. Written in the same transaction as the change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, or_, select

from store.sql.tables import audit as table


class Action(StrEnum):
    """What can be done. As it is stored, and as the audit log shows it."""

    ACCOUNT_MADE = "account made"
    ACCOUNT_RESET = "account reset"
    AGENT_CHANGED = "agent changed"
    AGENT_CREATED = "agent created"
    AGENT_RECOVERED = "agent recovered"
    AGENT_REMOVED = "agent removed"
    AGENT_RESTORED = "agent restored"
    ALLOWLIST_ADDED = "allowlist added"
    ALLOWLIST_CHANGED = "allowlist changed"
    ALLOWLIST_IMPORTED = "allowlist imported"
    ALLOWLIST_REMOVED = "allowlist removed"
    ALLOWLIST_RESTORED = "allowlist restored"
    API_KEY_MADE = "API key made"
    API_KEY_REVOKED = "API key revoked"
    ASKED_TO_CANCEL = "asked to cancel"
    ASKED_TO_CODE = "asked to code"
    ASKED_TO_LINK = "asked to link"
    ASKED_TO_TAKE_OVER = "asked to take_over"
    ASKED_TO_UNLINK = "asked to unlink"
    CHAT_BEGUN = "chat begun"
    CHAT_MODEL_CHOSEN = "chat model chosen"
    CHAT_PAUSED = "chat paused"
    CHAT_RESUMED = "chat resumed"
    CONVERSATION_EXPORTED = "conversation exported"
    CONVERSATION_RESET = "conversation reset"
    FAVORITE_ADDED = "favorite added"
    FAVORITE_MOVED = "favorite moved"
    FAVORITE_REMOVED = "favorite removed"
    FAVORITE_RESTORED = "favorite restored"
    GROUP_FORGOTTEN = "group forgotten"
    HELD_MESSAGES_ANSWERED = "held messages answered"
    HELD_SENDER_FORGOTTEN = "held sender forgotten"
    LINKED = "linked"
    LINK_ENDED = "link ended"
    MESSAGE_QUEUED = "message queued"
    MESSAGE_REFUSED = "message refused"
    MODEL_TRIED = "model tried"
    NAME_CHANGED = "name changed"
    OTHER_SESSIONS_ENDED = "other sessions ended"
    PASSWORD_CHANGED = "password changed"
    PERMISSIONS_REPLACED = "permissions replaced"
    PERMISSION_ADDED = "permission added"
    PERMISSION_REMOVED = "permission removed"
    PERSON_BLOCKED = "person blocked"
    PERSON_FORGOTTEN = "person forgotten"
    PERSON_UNBLOCKED = "person unblocked"
    PROVIDER_KEY_ENTERED = "provider key entered"
    PROVIDER_KEY_REMOVED = "provider key removed"
    RECOVERY_CODES_MADE = "recovery codes made"
    RESET_LINK_MADE = "reset link made"
    SECOND_FACTOR_OFF = "second factor off"
    SECOND_FACTOR_ON = "second factor on"
    SESSION_ENDED = "session ended"
    SETTINGS_SAVED = "settings saved"
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    SUPPORT_BUNDLE_MADE = "support bundle made"
    TARGETS_LISTED = "targets listed"
    WROTE_BY_HAND = "wrote by hand"


@dataclass(frozen=True)
class Act:
    at: datetime
    actor: str
    action: str  # an `Action`, or one that only another version of the program knows
    detail: str
    id: int


@dataclass(frozen=True)
class Filter:
    """Which acts are wanted; an empty field lets all of them through."""

    actor: str = ""
    action: str = ""
    text: str = ""  # any part of what the entry says, in either case of letters


def record(connection: Connection, actor: str, action: Action, detail: str, now: datetime) -> None:
    """`actor` is the owner's name, "api:<key name>", "worker" or "console"; never a secret in
    `detail`."""
    connection.execute(
        insert(table).values(at=now, actor=actor[:100], action=action, detail=detail)
    )


def list_acts(
    connection: Connection, limit: int = 100, wanted: Filter = Filter(), before: int | None = None
) -> Sequence[Act]:
    """The newest first; with `before`, those older than the act of this id."""
    statement = select(table).order_by(table.c.id.desc()).limit(limit)
    if wanted.actor:
        statement = statement.where(table.c.actor == wanted.actor)
    if wanted.action:
        statement = statement.where(table.c.action == wanted.action)
    if wanted.text:
        columns = (table.c.detail, table.c.action, table.c.actor)
        statement = statement.where(
            or_(*(column.icontains(wanted.text, autoescape=True) for column in columns))
        )
    if before is not None:
        statement = statement.where(table.c.id < before)
    rows = connection.execute(statement).mappings()
    return [Act(row["at"], row["actor"], row["action"], row["detail"], row["id"]) for row in rows]


def list_actors(connection: Connection) -> Sequence[str]:
    return connection.scalars(select(table.c.actor).distinct().order_by(table.c.actor)).all()


def list_actions(connection: Connection) -> Sequence[str]:
    return connection.scalars(select(table.c.action).distinct().order_by(table.c.action)).all()
