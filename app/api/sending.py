"""/v1/whatsapp/{agent_id}/send and messages: an agent writes first."""

from flask import Response, abort, after_this_request, g
from sqlalchemy import Connection

from app.api import agents, wire
from app.api.keys import record
from app.api.operation import Operation
from app.api.parameter import Parameter
from app.web.ext import db, live, now
from core.agents.agent import Agent
from core.agents.signature import sign_text
from core.link import Status
from store import link
from store.account.audit import Action
from store.chats import chats, sending, sends
from store.chats.sends import Send
from store.sql.engine import after_commit

REPLAYED = "Idempotent-Replay"
OTHER_MESSAGE = "Idempotency-Key: It was used for another message."
NOT_LINKED = "No account is linked: there is nothing to wait for."


def send_message(
    agent_id: str,
    body: wire.NewMessage,
    idempotency_key: str | None = None,
    queue: bool | None = None,
) -> wire.Queued:
    """Nothing is queued unless it can leave now, or the program says that it may wait: an agent
    must not hear that it wrote what will never be read."""
    digest = sends.fingerprint(agent_id, body.to, body.message, body.urgent)
    if earlier := _find(idempotency_key):
        return _answer_again(earlier, digest)
    agent = agents.find(agent_id) or abort(404, f"There is no agent “{agent_id}”.")
    texts = sign_text(agent, body.message, urgent=body.urgent) or abort(
        422, "message: There is nothing to send."
    )
    may_wait = body.queue or bool(queue)
    status = None if may_wait else live().read_status()
    with db().write() as connection:
        _check_way(connection, status, may_wait)
        send_id = _begin(connection, agent, body, digest, idempotency_key)
        if send_id is not None:
            sending.queue(connection, agent, body.to, texts, now(), send_id=send_id)
            record(connection, Action.MESSAGE_QUEUED, f"{send_id}: {agent.id} to {body.to}")
            after_commit(connection, live().nudge_outbox)
    if send_id is None:
        return _answer_again(_find(idempotency_key), digest)
    return wire.Queued(id=send_id, agent_id=agent.id)


def read_message(message_id: int) -> wire.MessageState:
    with db().read() as connection:
        progress = sends.read_progress(connection, message_id)
    return wire.MessageState.of(progress or abort(404, "Message not found"))


def _find(idempotency_key: str | None) -> Send | None:
    if idempotency_key is None:
        return None
    with db().read() as connection:
        return sends.find(connection, g.api_key.id, idempotency_key)


def _answer_again(earlier: Send | None, digest: str) -> wire.Queued:
    """The same answer as before, whatever has changed since, if the request is the same."""
    assert earlier is not None  # a taken key has a taker, and sends are never deleted
    if earlier.digest != digest:
        abort(409, OTHER_MESSAGE)
    after_this_request(_mark_as_replayed)
    return wire.Queued(id=earlier.id, agent_id=earlier.agent)


def _mark_as_replayed(response: Response) -> Response:
    response.headers[REPLAYED] = "true"
    return response


def _begin(
    connection: Connection,
    agent: Agent,
    body: wire.NewMessage,
    digest: str,
    idempotency_key: str | None,
) -> int | None:
    """None when another request has taken the idempotency key since."""
    return sends.begin(
        connection,
        agent=agent.id,
        address=chats.address_of(connection, body.to),
        digest=digest,
        now=now(),
        api_key_id=g.api_key.id,
        idempotency_key=idempotency_key,
    )


def _check_way(connection: Connection, status: Status | None, may_wait: bool) -> None:
    """Raises `NotConnected` when it can't leave, now or at all; 409 when it would wait for
    nothing."""
    if not may_wait:
        sending.check_way(connection, status)
        return
    sending.check_enabled(connection)
    if not link.load(connection).is_linked:
        abort(409, NOT_LINKED)


OPERATIONS = (
    Operation(
        "POST",
        "/whatsapp/<agent_id>/send",
        send_message,
        "Send a message as an agent",
        scopes=("send",),
        body=wire.NewMessage,
        answer=wire.Queued,
        status=202,
        parameters=(
            Parameter(
                "header",
                "Idempotency-Key",
                "idempotency_key",
                wire.IdempotencyKey,
                "Chosen by the program, a new one for each message: a request that is repeated "
                "with it gets the same answer, and the message is sent once.",
            ),
            Parameter("query", "queue", "queue", wire.Truth, "The same as `queue` in the body."),
        ),
        problems={
            404: "There is no such agent.",
            409: "The Idempotency-Key was used for another message, or the message should be "
            "queued while no account is linked.",
            503: "WhatsApp is not connected, or the database, Redis or the worker does not answer.",
        },
        headers={REPLAYED: "`true` when this is the answer to an earlier request."},
    ),
    Operation(
        "GET",
        "/whatsapp/messages/<int:message_id>",
        read_message,
        "How far a message got",
        scopes=("send",),
        answer=wire.MessageState,
        problems={404: "Message not found."},
    ),
)
