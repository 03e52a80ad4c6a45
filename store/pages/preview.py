"""How things are for one sender at this moment, for `core.admission.preview`."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from core.admission import limits
from core.admission.preview import PreviewInput
from core.channel import Channel
from core.phone import Phone
from store import allowlist, settings
from store.agents.agents import Registry
from store.chats import chats, people, takeovers
from store.chats import limits as limits_store
from store.chats.people import Person


def read_input(
    connection: Connection,
    phone: Phone | None,
    lid: str | None,
    registry: Registry,
    now: datetime,
) -> PreviewInput:
    """As the worker and the jobs would find it if this sender wrote now."""
    current = settings.load(connection)
    person = people.find_person(connection, phone, lid)
    if person:
        phone, lid = person.phone, person.lid
    chat = chats.of_person(connection, person.id) if person else None
    pause = takeovers.find_current(connection, chat.id, now) if chat else None
    sticky = chat.find_sticky(now) if chat else None
    accepted, spent = _read_use(connection, person, now)
    return PreviewInput(
        phone=phone,
        lid=lid,
        is_blocked=bool(person and person.is_blocked),
        chat_id=chat.id if chat else None,
        sticky=sticky,
        sticky_until=chat.sticky_until if chat and sticky else None,
        is_paused=pause is not None,
        paused_until=pause.until if pause else None,
        is_flood=limits.is_flood(accepted + 1, current),
        is_over_budget=limits.is_spent(spent, current),
        settings=current,
        entries=allowlist.list_matching(connection, phone, lid),
        agents=registry.restrict_to(Channel.WHATSAPP).agents,
    )


def _read_use(connection: Connection, person: Person | None, now: datetime) -> tuple[int, Decimal]:
    """Messages within a minute, and dollars on this day."""
    if person is None:
        return 0, Decimal(0)
    accepted = limits_store.count_recent_messages(connection, person.id, now)
    return accepted, limits_store.sum_costs(connection, person.id, limits.find_start_of_day(now))
