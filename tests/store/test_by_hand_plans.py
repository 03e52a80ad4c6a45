"""What editing, receipts and taking over ask of the database does not read whole tables either."""

from dataclasses import replace

from core.message import Kind
from store import by_hand, changes, chats, conversations, pauses, receipts, turns
from store.db import Database
from tests.store.making import ADA, NOW, inbound
from tests.store.test_plans import Watch, busy

__all__ = ["busy"]


def test_it_stays_quick_with_many_messages(busy: Database) -> None:
    watch = Watch(busy)
    edit = replace(inbound("E1", ADA, kind=Kind.EDIT, target_id="7"), account="8@x", chat="8@x")
    with busy.write() as connection:
        chat = chats.get(connection, 2)
        assert chat
        own = {"8@x", "9@lid"}
        changes.overtaken(connection, 5, edit, own, NOW)
        changes.edit(connection, 5, edit, own, NOW)
        changes.delete(connection, edit, own, NOW)
        by_hand.is_echo(connection, edit, own)
        receipts.delivered(connection, ["W1", "W2"], NOW)
        receipts.read(connection, ["W1"], NOW)
        pauses.seen_among(connection, [1, 2], NOW)
        by_hand.take_over(connection, chat.id, None, NOW)
        by_hand.write(connection, chat, ["hi"], NOW)
        by_hand.unanswered(connection, chat.id)
        chat = chats.get(connection, 2)
        assert chat
        conversation = conversations.current(connection, chat.id, "finn", NOW)
        by_hand.since_last_turn(connection, chat, conversation)
        turns.still_running(connection, [1, 2])
        by_hand.resume(connection, chat.id, NOW, answer=False)
    assert len(watch.statements) > 15
    assert "\n\n".join(watch.full_reads()) == ""
