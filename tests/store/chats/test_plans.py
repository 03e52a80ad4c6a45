"""What editing, receipts and taking over ask of the database does not read whole tables either."""

from dataclasses import replace

from core.messages.message import Kind
from store.chats import chats, contexts, edits, manual, people, receipts, takeovers, turns
from store.sql.engine import Database
from tests.store.rows import ADA, NOW, inbound
from tests.store.test_plans import Watch, busy

__all__ = ["busy"]


def test_it_stays_quick_with_many_messages(busy: Database) -> None:
    watch = Watch(busy)
    edit = replace(inbound("E1", ADA, kind=Kind.EDIT, target_id="7"), account="8@x", chat="8@x")
    with busy.write() as connection:
        chat = chats.get(connection, 2)
        assert chat
        own = {"8@x", "9@lid"}
        edits.list_earlier_changes(connection, edit, own)
        edits.find_correction(connection, edit, own)
        target = edits.find_target(connection, edit, own)
        assert target
        edits.correct(connection, 5, target, target, NOW)
        edits.delete(connection, edit, target, own, NOW)
        people.find_match(connection, ADA, "9@lid")
        manual.is_echo(connection, edit, own)
        receipts.record_delivery(connection, ["W1", "W2"], NOW)
        receipts.read(connection, ["W1"], NOW)
        takeovers.list_seen(connection, [1, 2], NOW)
        manual.take_over(connection, chat.id, None, NOW)
        manual.write(connection, chat, ["hi"], NOW)
        manual.count_waiting(connection, chat.id)
        chat = chats.get(connection, 2)
        assert chat
        conversation = contexts.find_or_open(connection, chat.id, "finn", NOW)
        manual.list_since_last_turn(connection, chat, conversation)
        turns.find_running(connection, [1, 2])
        manual.resume(connection, chat.id, NOW, answer=False)
    assert len(watch.statements) > 15
    assert "\n\n".join(watch.full_reads()) == ""
