"""What stays of an account in SQL when it comes and when it goes."""

from sqlalchemy import select

from core.link import End
from core.states import MessageState, PieceState
from store.chats import outbox
from store.sql import tables
from store.sql.engine import Database
from tests.store.rows import ADA, NOW, chat_with, column, write
from worker.supervisor.account import UNLINKED, Account


def test_an_account_that_is_linked_is_known(sqlite_database: Database) -> None:
    account = Account(sqlite_database)
    assert not account.load_link().is_linked
    account.record_pairing(ADA, "DjinnBot", fence=1)
    link = account.load_link()
    assert link.is_linked and link.phone == ADA
    account.record_end(End.REPLACED, 1, "why")
    assert account.load_link().is_linked and account.load_link().end is End.REPLACED
    account.record_link(ADA, "DjinnBot")
    assert account.load_link().end is None


def test_tokens_only_rise(sqlite_database: Database) -> None:
    account = Account(sqlite_database)
    first = account.raise_fence(7)
    assert account.raise_fence(0) > first >= 7


def test_of_an_account_that_is_gone_nothing_is_answered_or_sent(sqlite_database: Database) -> None:
    account = Account(sqlite_database)
    account.record_pairing(ADA, "DjinnBot", fence=1)
    with sqlite_database.write() as connection:
        chat = chat_with(connection)
        write(connection, chat, "M1")
        outbox.add(connection, address=chat.address, texts=["Hi"], now=NOW, chat_id=chat.id)
    account.forget(End.REMOVED_ON_PHONE, 1)
    with sqlite_database.read() as connection:
        assert column(connection, tables.messages, "state") == [MessageState.IGNORED]
        assert column(connection, tables.outbox, "state") == [PieceState.FAILED]
        assert connection.scalar(select(tables.outbox.c.error)) == UNLINKED
        assert "link ended" in column(connection, tables.audit, "action")
    assert not account.load_link().is_linked
