"""What becomes of one stored message: looked up, decided and written down, in one transaction."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from core.admission.plan import make_plan
from core.states import MessageState
from store import admission
from store.admission import Found, Outcome

log = structlog.get_logger("[WhatsAppBridge]")


def judge(connection: Connection, found: Found, now: datetime) -> Outcome:
    """Decide about the message that `admission.look_up` has found in this transaction, and write
    that down."""
    plan = make_plan(found.case)
    outcome = admission.carry_out(connection, found, plan, now)
    if plan.state is not MessageState.WAITING:
        log.info("Message not accepted", reason=plan.reason, state=plan.state)
    return outcome
