"""/v1/whatsapp/allowlist: who may write."""

from typing import NoReturn

from flask import abort

from app.api import wire
from app.api.agents import refuse_unknown
from app.api.keys import record
from app.api.operation import Operation
from app.web.ext import db, now
from core.admission.allowlist import Entry, Pattern
from store import allowlist
from store.account.audit import Action


def list_allowlist() -> wire.Allowlist:
    with db().read() as connection:
        entries = allowlist.load(connection)
    return wire.Allowlist(
        entries=[wire.AllowlistEntry.of(entry) for entry in entries], total=len(entries)
    )


def add_allowlist_entry(body: wire.NewEntry) -> wire.AllowlistEntry:
    refuse_unknown(body.default_agent_id, "defaultAgentId")
    with db().write() as connection:
        entry = allowlist.add(
            connection, body.phone_number, body.label or None, body.default_agent_id or None, now()
        )
        record(connection, Action.ALLOWLIST_ADDED, _describe(entry))
    return wire.AllowlistEntry.of(entry)


def change_allowlist_entry(entry_id: int, body: wire.EntryChange) -> wire.AllowlistEntry:
    refuse_unknown(body.default_agent_id, "defaultAgentId")
    with db().write() as connection:
        old = allowlist.get(connection, entry_id) or _not_found()
        pattern: Pattern = body.phone_number or old.pattern
        label = _apply_change(old.label, body.label)
        agent = _apply_change(old.agent, body.default_agent_id)
        entry = allowlist.change(connection, entry_id, pattern, label, agent, now()) or _not_found()
        record(connection, Action.ALLOWLIST_CHANGED, _describe(entry))
    return wire.AllowlistEntry.of(entry)


def remove_allowlist_entry(entry_id: int) -> wire.Removed:
    """Also when it is gone already: what the caller wants is so."""
    with db().write() as connection:
        entry = allowlist.remove(connection, entry_id)
        if entry:
            record(connection, Action.ALLOWLIST_REMOVED, _describe(entry))
    return wire.Removed(id=entry_id)


def _apply_change(old: str | None, given: str | None) -> str | None:
    """Missing and null leave a value as it is; an empty text clears it."""
    return old if given is None else given or None


def _describe(entry: Entry) -> str:
    parts = [entry.pattern, entry.label or "", f"agent {entry.agent}" if entry.agent else ""]
    return ", ".join(part for part in parts if part)


def _not_found() -> NoReturn:
    abort(404, "Allowlist entry not found")


OPERATIONS = (
    Operation(
        "GET",
        "/whatsapp/allowlist",
        list_allowlist,
        "Who may write, the newest entry first",
        scopes=("allowlist",),
        answer=wire.Allowlist,
    ),
    Operation(
        "POST",
        "/whatsapp/allowlist",
        add_allowlist_entry,
        "Let a number, a prefix or everyone write",
        scopes=("allowlist",),
        body=wire.NewEntry,
        answer=wire.AllowlistEntry,
        problems={409: "The number or prefix is on the allowlist already."},
    ),
    Operation(
        "PUT",
        "/whatsapp/allowlist/<int:entry_id>",
        change_allowlist_entry,
        "Change an entry",
        scopes=("allowlist",),
        body=wire.EntryChange,
        answer=wire.AllowlistEntry,
        problems={
            404: "Allowlist entry not found.",
            409: "Another entry has this number or prefix.",
        },
    ),
    Operation(
        "DELETE",
        "/whatsapp/allowlist/<int:entry_id>",
        remove_allowlist_entry,
        "Remove an entry; one that is gone counts as removed",
        scopes=("allowlist",),
        answer=wire.Removed,
    ),
)
