"""What becomes of one stored message: looked up, decided and written down, in one transaction."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from core.admission.plan import Agents, make_plan
from core.states import MessageState
from store import admission
from store.admission import Found, Outcome

log = structlog.get_logger("[WhatsAppBridge]")


def judge(connection: Connection, found: Found, agents: Agents, now: datetime) -> Outcome:
    """Decide about the message that `admission.look_up` has found in this transaction, and write
    that down. `agents` are those that can be turned to by @name in a group."""
    plan = make_plan(found.case, agents)
    outcome = admission.carry_out(connection, found, plan, now)
    if plan.state is not MessageState.WAITING:
        log.info("Message not accepted", reason=plan.reason, state=plan.state)
    return outcome
