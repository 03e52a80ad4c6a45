"""Writing to people on WhatsApp, to those that the owner has permitted and no others.

The permission is read from SQL in the transaction that queues the message. What the model has been
heard, or was allowed a moment ago, counts for nothing. Every use is in the audit log.
"""

from collections.abc import Iterable

import structlog
from pydantic_ai import RunContext
from redis.exceptions import RedisError
from sqlalchemy import Connection

from core.admission import permission
from core.admission.permission import Permission
from core.agents.signature import sign_text
from core.errors import DjinnError, InvalidPhone, NotConnected
from core.link import Status
from core.phone import Phone
from store.account import audit
from store.account.audit import Action
from store.agents import permissions
from store.chats import sending
from store.sql.engine import after_commit
from worker.tools.context import ToolContext, render_result

SENDS = 10  # messages that one turn may send by this tool
MESSAGE_LIMIT = 65_536  # characters, as the phone apps allow in one message
_SHOWN = 60  # characters of a model's own words that are repeated or logged

log = structlog.get_logger(__name__)


class Refused(DjinnError):
    """Not sent. `str(error)` is what the model reads."""


async def send_whatsapp_message(
    ctx: RunContext[ToolContext], to: str, message: str, urgent: bool = False
) -> str:
    """Send a WhatsApp message to somebody on your own initiative. Not for answering the person you
    are talking with: your reply reaches them by itself. Only numbers that list_whatsapp_targets
    allows are accepted.

    Args:
        to: Phone number with + and country code, such as +15551234567.
        message: The message in plain Markdown. Your name is put above it.
        urgent: Puts "URGENT:" in front of the message.
    """
    context = ctx.deps
    context.sends += 1  # here, on the loop: a model may call a tool several times at once
    is_over = context.sends > SENDS
    answer: str = await context.office.in_thread(_send, context, to, message, urgent, is_over)
    return answer


async def list_whatsapp_targets(ctx: RunContext[ToolContext]) -> str:
    """List to whom you may send WhatsApp messages with send_whatsapp_message."""
    context = ctx.deps
    answer: str = await context.office.in_thread(_list, context)
    return answer


# ---- what blocks (threads) ---------------------------------------------------------------------


def _send(context: ToolContext, to: str, message: str, urgent: bool, is_over: bool) -> str:
    """Returns what the model reads, also about a refusal. Raises only if the database is out."""
    office = context.office
    try:
        if is_over:
            raise Refused(f"no more than {SENDS} messages can be sent in one turn.")
        phone, texts = _read(context, to, message, urgent)
        status = _read_status(context)
        with office.database.write() as connection:
            first = _queue(connection, context, phone, texts, status)
            after_commit(connection, office.live.nudge_outbox)
    except Refused as refusal:
        line = " ".join(to.split())[:_SHOWN]
        with office.database.write() as connection:
            _record(connection, context, Action.MESSAGE_REFUSED, f"to {line}: {refusal}")
        return f"Not sent: {refusal}"
    return f"Queued for {phone} as message {first}. It leaves within seconds."


def _read(context: ToolContext, to: str, message: str, urgent: bool) -> tuple[Phone, list[str]]:
    """Raises `Refused`."""
    try:
        phone = Phone.parse(to)
    except InvalidPhone as error:
        raise Refused(str(error)) from None
    if len(message) > MESSAGE_LIMIT:
        raise Refused(f"the message is longer than {MESSAGE_LIMIT} characters.")
    texts = sign_text(context.agent, message, urgent=urgent)
    if not texts:
        raise Refused("the message is empty.")
    return phone, texts


def _queue(
    connection: Connection,
    context: ToolContext,
    phone: Phone,
    texts: list[str],
    status: Status | None,
) -> int:
    """The id of the first row. Raises `Refused`."""
    agent, now = context.agent, context.office.now()
    if not permission.find(phone, permissions.load(connection, agent.id)):
        raise Refused(
            f"you are not permitted to write to {phone}. "
            "list_whatsapp_targets tells to whom you are; only the owner can change that."
        )
    try:
        sending.check_way(connection, status)
    except NotConnected as error:
        raise Refused(f"{error}.") from None
    first = sending.queue(connection, agent, phone, texts, now)[0]
    _record(connection, context, Action.MESSAGE_QUEUED, f"{first}: {agent.id} to {phone}")
    return first


def _list(context: ToolContext) -> str:
    with context.office.database.write() as connection:
        given = permissions.load(connection, context.agent.id)
        _record(connection, context, Action.TARGETS_LISTED, f"{len(given)} permissions")
    if not given:
        return "You are not permitted to write to anybody. Only the owner can change that."
    return render_result("\n".join(["You may write to:", *_render_permissions(given)]))


def _render_permissions(given: Iterable[Permission]) -> Iterable[str]:
    for each in sorted(given, key=lambda each: (each.pattern.rank, each.pattern)):
        label = f" ({each.label})" if each.label else ""
        if each.pattern.is_prefix:
            yield f"- any number that begins with {each.pattern[:-1]}{label}"
        else:
            yield f"- {'any number' if each.pattern == '*' else each.pattern}{label}"


def _read_status(context: ToolContext) -> Status | None:
    """Raises `Refused` when it is unknown whether WhatsApp is connected."""
    try:
        return context.office.live.read_status()
    except RedisError:
        raise Refused("whether WhatsApp is connected can't be told at the moment.") from None


def _record(connection: Connection, context: ToolContext, action: Action, detail: str) -> None:
    actor, described = f"agent:{context.agent.id}", f"{detail} (turn {context.turn_id})"
    audit.record(connection, actor, action, described, context.office.now())
