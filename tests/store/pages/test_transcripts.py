"""What a transcript is made of, on each kind of database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, update

from core.agents.routing import Why
from core.messages.message import Kind
from core.states import MessageState
from store.chats import chats, contexts, messages, outbox, turns
from store.chats.chats import Chat
from store.chats.turns import Answer, TurnKind
from store.pages import transcripts
from store.pages.transcript_items import (
    FreshStart,
    Incoming,
    Item,
    Outgoing,
    Reply,
    TurnSummary,
    compute_version,
)
from store.pages.transcripts import PAGE, Cursor, read_onwards, read_open_end, read_page
from store.sql.engine import Database
from store.sql.tables import messages as messages_table
from store.sql.tables import outbox as outbox_table
from tests.store.rows import BOB, NOW, chat_with, write


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def begin(
    connection: Connection, chat: Chat, ids: Sequence[int], now: datetime, agent: str = "finn"
) -> int:
    """A turn of this agent over these messages, in its current conversation."""
    conversation = contexts.find_or_open(connection, chat.id, agent, now)
    return turns.begin(
        connection,
        chat.id,
        ids,
        now,
        kind=TurnKind.AGENT,
        request="",
        conversation_id=conversation.id,
        agent=agent,
        model="demo/echo",
        why=Why.FALLBACK,
    )


def answer(
    connection: Connection, chat: Chat, ids: Sequence[int], now: datetime, *texts: str, **facts: Any
) -> int:
    turn_id = begin(connection, chat, ids, now)
    assert turns.finish(connection, turn_id, chat, Answer(texts, "".join(texts), **facts), now)
    return turn_id


def write_down(items: Sequence[Item]) -> list[str]:
    """Each in a word or two."""
    words = {
        Incoming: lambda item: f"< {item.text}",
        Outgoing: lambda item: f"> {item.text}",
        Reply: lambda item: f"> {item.text}",
        TurnSummary: lambda item: f"= {item.agent or item.kind} {item.state}",
        FreshStart: lambda item: f"- {' '.join(item.agents)}",
    }
    return [words[type(item)](item) for item in items]


def transcript(connection: Connection, chat: Chat, before: Cursor | None = None) -> list[str]:
    return write_down(read_page(connection, chat, before).items)


def test_everything_stands_in_its_place_in_time(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        first = write(connection, chat, "A", text="one")
        second = write(connection, chat, "B", now=later(1), text="two")
        turn = begin(connection, chat, [first, second], later(2))
        write(connection, chat, "C", now=later(3), text="meanwhile")
        done = Answer(["part 1", "part 2"], "whole", input_tokens=7, cost_usd=Decimal("0.5"))
        turns.finish(connection, turn, chat, done, later(4))
        outbox.add(connection, address="x", texts=["by hand"], now=later(5), chat_id=chat.id)
        contexts.start_afresh(
            connection, contexts.find_or_open(connection, chat.id, "finn", NOW), later(6)
        )
        write(connection, chat, "D", now=later(7), text="who are you?")
        assert transcript(connection, chat) == [
            "< one",
            "< two",
            "< meanwhile",
            "> part 1",
            "> part 2",
            "= finn done",
            "> by hand",
            "- finn",
            "< who are you?",
        ]
        open_ = read_open_end(connection, chat)
        assert (open_.running, open_.waiting) == (None, 2)


def test_a_turn_without_a_word_stands_behind_what_it_was_about(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn = begin(connection, chat, [write(connection, chat, "A", text="one")], NOW)
        write(connection, chat, "B", now=later(1), text="two")
        running = read_open_end(connection, chat).running
        assert running and running.id == turn
        assert transcript(connection, chat) == ["< one", "< two"]
        turns.stop(connection, turn, later(2))
        assert transcript(connection, chat) == ["< one", "= finn stopped", "< two"]


def test_commands_and_our_own_sentences_need_no_outcome(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        row = write(connection, chat, "A", text="/help")
        turn = turns.begin(connection, chat.id, [row], NOW, kind=TurnKind.COMMAND, request="/help")
        turns.finish(connection, turn, chat, Answer(["You can"], "You can"), NOW)
        said, reply = read_page(connection, chat).items
        assert isinstance(said, Incoming) and said.is_command
        assert isinstance(reply, Outgoing) and reply.turn_kind == TurnKind.COMMAND


def test_pages_backwards_and_forwards_tell_the_same(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        for number in range(PAGE + 10):
            now = later(number)
            row = write(connection, chat, f"M{number}", now=now, text=f"{number}")
            answer(connection, chat, [row], now, f"re {number}")
            if number % 20 == 0:
                contexts.start_afresh(
                    connection, contexts.find_or_open(connection, chat.id, "finn", now), now
                )
        backwards: list[str] = []
        place: Cursor | None = None
        pages = 0
        while pages == 0 or place:
            page = read_page(connection, chat, place)
            backwards = write_down(page.items) + backwards
            place, pages = page.earlier, pages + 1
        onwards: list[str] = []
        reached = Cursor(0, 0)
        while found := read_onwards(connection, chat.id, reached)[0]:
            onwards += write_down(found)
            reached = read_onwards(connection, chat.id, reached)[1]
        assert pages == 3
        assert backwards == onwards
        assert onwards[:4] == ["< 0", "> re 0", "= finn done", "- finn"]
        assert len(onwards) == 3 * (PAGE + 10) + 3


def test_each_sender_s_latest_reaction_counts(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        row = write(connection, chat, "A", text="hello")
        answer(connection, chat, [row], NOW, "hi")
        connection.execute(update(outbox_table).values(wa_id="OURS"))
        for number, (target, emoji, sender) in enumerate(
            [
                ("OURS", "👍", "her"),
                ("OURS", "❤️", "her"),
                ("OURS", "😂", "owner"),
                ("A", "🙏", "her"),
                ("A", "", "her"),
            ]
        ):
            reaction = {"kind": Kind.REACTION, "target_id": target, "sender": sender}
            write(connection, chat, f"R{number}", MessageState.IGNORED, text=emoji, **reaction)
        heard, sent, _ = read_page(connection, chat).items
        assert isinstance(heard, Incoming) and heard.reactions == ()
        assert isinstance(sent, Outgoing) and sent.reactions == ("❤️", "😂")


def test_another_chat_s_reactions_are_theirs(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        write(connection, chat, "A")
        other = chat_with(connection, phone=BOB)
        reaction = {"kind": Kind.REACTION, "target_id": "A", "text": "👎", "phone": BOB}
        write(connection, other, "R", MessageState.IGNORED, **reaction)
        [heard] = read_page(connection, chat).items
        assert isinstance(heard, Incoming) and heard.reactions == ()


def test_what_is_quoted_is_found(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        row = write(connection, chat, "A", text="hello")
        answer(connection, chat, [row], NOW, "hi")
        connection.execute(update(outbox_table).values(wa_id="OURS"))
        for name, quoted in (("B", "OURS"), ("C", "A"), ("D", "gone")):
            write(connection, chat, name, now=later(1), quoted_id=quoted, quoted_text="…")
        heard = [each for each in read_page(connection, chat).items if isinstance(each, Incoming)]
        assert [each.quotes for each in heard] == [None, "sent-1", "message-1", None]


def test_edits_deletions_and_the_service_s_own_words_are_no_remarks(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        for kind in (Kind.EDIT, Kind.DELETE, Kind.PROTOCOL, Kind.REACTION):
            write(connection, chat, kind, MessageState.IGNORED, kind=kind)
        late = {"kind": Kind.EDIT, "quoted_id": "A", "text": "corrected"}
        write(connection, chat, "late", MessageState.WAITING, **late)
        assert transcript(connection, chat) == ["< corrected"]


def test_who_wrote_what_we_sent(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        for agent in (None, "finn"):
            outbox.add(connection, address="x", texts=["x"], now=NOW, chat_id=chat.id, agent=agent)
        sent = [each for each in read_page(connection, chat).items if isinstance(each, Outgoing)]
        assert [each.by_hand for each in sent] == [True, False]


def test_ticks_follow_the_receipts(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        outbox.add(connection, address="x", texts=["x"], now=NOW, chat_id=chat.id)
        seen = []
        for values in (
            {},
            {"state": "sent", "sent_at": NOW},
            {"delivered_at": NOW},
            {"read_at": NOW},
        ):
            if values:
                connection.execute(update(outbox_table).values(values))
            [sent] = read_page(connection, chat).items
            assert isinstance(sent, Outgoing)
            seen.append((sent.progress, compute_version(sent)))
        assert [progress for progress, _ in seen] == ["queued", "sent", "delivered", "read"]
        assert len({mark for _, mark in seen}) == 4, "each looks different"


def test_places_are_read_from_addresses() -> None:
    assert Cursor.parse("12.7") == Cursor(12, 7)
    assert str(Cursor(12, 7)) == "12.7"
    assert Cursor.parse("9" * 40 + ".1") == Cursor(transcripts.END, 1)
    assert not any(map(Cursor.parse, ("", "1", ".", "a.b", "-1.2", "².1")))


def test_a_deleted_message_keeps_its_place(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        write(connection, chat, "A", MessageState.IGNORED, text="")
        connection.execute(update(messages_table).values(deleted_at=NOW))
        [heard] = read_page(connection, chat).items
        assert isinstance(heard, Incoming) and heard.deleted_at == NOW


def begin_in_panel(connection: Connection, *texts: str) -> Chat:
    chat = chats.begin_in_panel(connection, "finn", NOW)
    for text in texts:
        messages.write_in_panel(connection, chat, text, "ana", NOW)
    return chat


def test_a_chat_in_the_panel_is_made_of_turns(database: Database) -> None:
    with database.write() as connection:
        chat = begin_in_panel(connection, "one", "two")
        first, second = (each.id for each in messages.list_waiting(connection, chat.id))
        turn = begin(connection, chat, [first, second], later(1))
        messages.write_in_panel(connection, chat, "three", "ana", later(2))
        end = read_open_end(connection, chat)
        assert [each.text for each in end.unanswered] == ["one", "two", "three"]
        assert end.running and end.running.id == turn and end.waiting == 1 and end.awaits_answer
        assert transcript(connection, chat) == []

        turns.finish(connection, turn, chat, Answer(["for WhatsApp"], "whole"), later(3))
        context = contexts.find_or_open(connection, chat.id, "finn", NOW)
        contexts.start_afresh(connection, context, later(3))
        stopped = begin(connection, chat, [read_open_end(connection, chat).unanswered[0].id], NOW)
        turns.stop(connection, stopped, later(4))
        expected = ["< one", "< two", "> whole", "= finn done", "- finn", "< three"]
        assert transcript(connection, chat) == [*expected, "= finn stopped"]
        assert not read_open_end(connection, chat).awaits_answer


def test_a_panel_s_pages_lead_back_to_its_beginning(database: Database) -> None:
    with database.write() as connection:
        chat = begin_in_panel(connection)
        for number in range(PAGE + 2):
            messages.write_in_panel(connection, chat, f"{number}", "ana", later(number))
            ids = [each.id for each in messages.list_waiting(connection, chat.id)]
            answer(connection, chat, ids, later(number), f"re {number}")
        latest = read_page(connection, chat)
        assert write_down(latest.items)[0] == "< 2" and latest.earlier
        first = read_page(connection, chat, Cursor.parse(str(latest.earlier)))
        assert write_down(first.items)[::3] == ["< 0", "< 1"] and first.earlier is None
