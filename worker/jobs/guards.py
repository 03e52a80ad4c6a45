"""What is done before the next turn is begun, and perhaps in its place: a stop, a limit, a guard.

In the transaction that would begin the turn. What was written in the panel is under no limit: there
the owner pays for the owner.
"""

from collections.abc import Sequence
from datetime import datetime

from core.admission import limits
from core.messages import batch, command
from core.models.failure import Failure, failed
from store.chats import limits as limits_store
from store.chats import turns as turns_store
from store.chats.messages import Waiting
from store.chats.people import Person
from store.chats.turns import TurnKind
from worker.jobs import replies, turns
from worker.jobs.commands import Scene

STOPPED = "Stopped."


def is_settled(
    scene: Scene,
    waiting: Sequence[Waiting],
    chosen: Sequence[Waiting],
    *,
    has_stopped: bool,
    was_interrupted: bool,
) -> bool:
    """Whether something else than a turn over the `chosen` was due; then that is done.

    `has_stopped` says that a turn was just stopped here, `was_interrupted` that the last one was
    found without its process.
    """
    if _is_stopped(scene, waiting, has_stopped):
        return True
    if was_interrupted and limits_store.keeps_crashing(scene.connection, scene.chat.id):
        turns.close(scene, chosen, replies.failure(failed(Failure.CRASHED)))
        return True
    if scene.person is None:
        return False
    theirs = [each for each in waiting if each.person_id == scene.person.id]
    if _is_flood(scene, scene.person, theirs):
        _refuse(scene, scene.person, theirs, Failure.RATE_LIMITED, scene.now - limits.MINUTE)
        return True
    today = limits.day(scene.now)
    if _wants_model(chosen) and _is_spent(scene, scene.person, today):
        _refuse(scene, scene.person, chosen, Failure.OVER_BUDGET, today)
        return True
    return False


def _is_stopped(scene: Scene, waiting: Sequence[Waiting], has_stopped: bool) -> bool:
    """A /stop ends the turn at work, takes back what waits, and what has not been sent yet. If
    there is nothing of all that it is a command like others."""
    stopped = batch.find_interrupted(waiting)
    if not stopped:
        return False
    dropped = turns_store.drop_rest(scene.connection, scene.chat.id)
    if not (has_stopped or dropped or not all(map(batch.is_interrupt, stopped))):
        return False
    turns.close(scene, stopped, replies.said(STOPPED), TurnKind.COMMAND)
    return True


def _is_flood(scene: Scene, person: Person, theirs: Sequence[Waiting]) -> bool:
    newest = theirs[-1].received_at
    accepted = limits_store.within_a_minute(scene.connection, person.id, newest)
    return limits.is_flood(accepted, scene.settings)


def _is_spent(scene: Scene, person: Person, today: datetime) -> bool:
    if scene.settings.daily_cost_usd is None:
        return False
    spent = limits_store.spent(scene.connection, person.id, today)
    return limits.is_spent(spent, scene.settings)


def _wants_model(chosen: Sequence[Waiting]) -> bool:
    if not batch.is_command(chosen[0]):
        return True
    call = command.parse(chosen[0].text)
    return call is not None and call.asks_model


def _refuse(
    scene: Scene, person: Person, messages: Sequence[Waiting], why: Failure, since: datetime
) -> None:
    """Say so, once since then; who has been told gets no second answer to the same."""
    told = limits_store.told(scene.connection, scene.chat.id, person.id, why, since)
    if told is None:
        turns.close(scene, messages, replies.failure(failed(why)))
    else:
        ids = [message.id for message in messages]
        limits_store.add_to(scene.connection, told, ids, scene.now)
