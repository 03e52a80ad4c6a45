"""People on WhatsApp who have written and what came of it, without WhatsApp, for tests of pages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import update

from app.web.ext import Services
from core.agents.routing import Why
from core.messages import batch
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.states import MessageState
from store.chats import chats, contexts, messages, outbox, people, turns
from store.chats.chats import Chat
from store.chats.turns import Answer, TurnKind
from store.sql.tables import messages as messages_table
from store.sql.tables import outbox as outbox_table

ANA = Phone("+15550002001")
ACCOUNT = "15559999999"

_numbers = count(1)


@dataclass
class Talk:
    """One person, in their chat or in a group. Each method returns the id of the row that it
    made."""

    services: Services
    chat: Chat
    address: str
    phone: Phone | None
    name: str
    person_id: int

    @property
    def id(self) -> int:
        return self.chat.id

    def hears(
        self,
        text: str,
        state: MessageState = MessageState.WAITING,
        *,
        reason: Reason = Reason.ALLOWED_NUMBER,
        **facts: Any,
    ) -> int:
        """The person has written. `facts` are fields of `Inbound`; `chat=False`: no chat of ours
        took it, as when it was held."""
        has_chat = facts.pop("has_chat", True)
        # An answer comes to what has waited for it.
        first = MessageState.WAITING if state is MessageState.ANSWERED else state
        plain = {
            "account": ACCOUNT,
            "chat": self.chat.address,
            "sender": self.address,
            "message_id": f"IN{next(_numbers)}",
            "place": Place.GROUP if self.chat.is_group else Place.DIRECT,
            "kind": Kind.TEXT,
            "text": text,
            "sent_at": self.now - timedelta(seconds=1),
            "phone": self.phone,
            "push_name": self.name,
        }
        with self.services.db.write() as connection:
            messages.receive(connection, Inbound(**plain | facts), self.now)
            row = messages.list_undecided(connection)[-1].id
            messages.record_decision(
                connection,
                row,
                first,
                reason,
                self.now,
                person_id=self.person_id,
                chat_id=self.id if has_chat else None,
            )
            if has_chat and state is MessageState.WAITING and self.chat.is_group:
                chats.enter_group(connection, self.chat.address, self.now)
            elif has_chat and state is MessageState.WAITING:
                chats.enter(connection, self.person_id, self.address, self.now)
        if state is not first:
            self.changes(row, state=state)
        return row

    def begins(self, *ids: int, agent: str = "finn", **facts: Any) -> int:
        """A turn of this agent over these messages."""
        with self.services.db.write() as connection:
            conversation = contexts.find_or_open(connection, self.id, agent, self.now)
            return turns.begin(
                connection,
                self.id,
                ids,
                self.now,
                kind=TurnKind.AGENT,
                request=batch.build_content(
                    [each for each in messages.list_waiting(connection, self.id) if each.id in ids]
                ).as_text,
                person_id=self.person_id,
                conversation_id=conversation.id,
                agent=agent,
                model="demo/echo",
                why=Why.FALLBACK,
                **facts,
            )

    def ends(self, turn_id: int, *texts: str, **facts: Any) -> None:
        answer = Answer(texts, "\n".join(texts), **facts)
        with self.services.db.write() as connection:
            assert turns.finish(connection, turn_id, self.chat, answer, self.now)

    def answered(self, text: str, *replies: str, **facts: Any) -> int:
        """Somebody wrote and Finn has answered. Returns the message."""
        row = self.hears(text)
        self.ends(self.begins(row), *replies, **facts)
        return row

    def sends(self, text: str, agent: str | None = None, **facts: Any) -> int:
        """Something leaves without a turn: by hand, or with an agent, of its own accord."""
        with self.services.db.write() as connection:
            [row] = outbox.add(
                connection,
                address=self.chat.address,
                texts=[text],
                now=self.now,
                chat_id=self.id,
                agent=agent,
                **facts,
            )
        return row

    def starts_afresh(self, agent: str = "finn") -> None:
        with self.services.db.write() as connection:
            old = contexts.find_or_open(connection, self.id, agent, self.now)
            contexts.start_afresh(connection, old, self.now)

    def receipt(self, row: int | None = None, **values: Any) -> None:
        """What is known by now of a row of the outbox, or of all of this chat."""
        which = outbox_table.c.id == row if row else outbox_table.c.chat_id == self.id
        with self.services.db.write() as connection:
            connection.execute(update(outbox_table).where(which).values(**values))

    def changes(self, row: int, **values: Any) -> None:
        """What is known by now of a message."""
        with self.services.db.write() as connection:
            connection.execute(
                update(messages_table).where(messages_table.c.id == row).values(**values)
            )

    @property
    def now(self) -> datetime:
        return self.services.now()


def talk(services: Services, phone: Phone | None = ANA, name: str = "", lid: str = "") -> Talk:
    """The chat with this person, who is called "Person 2001" if no name is given."""
    name = name or f"Person {phone[-4:] if phone else ''}".strip()
    address = lid or f"{phone.digits if phone else ''}@s.whatsapp.net"
    with services.db.write() as connection:
        person = people.identify(connection, phone, lid or None, name, services.now())
        chat = chats.enter(connection, person.id, address, services.now())
    return Talk(services, chat, address, phone, name, person.id)


def in_group(who: Talk, subject: str = "Team", address: str = "120363000000000001@g.us") -> Talk:
    """The same person in this group. Its subject may be unknown."""
    with who.services.db.write() as connection:
        chat = chats.enter_group(connection, address, who.now)
        chats.rename_group(connection, chat.id, subject)
        chat = chats.of_group(connection, address) or chat
    return replace(who, chat=chat)


def crowd(services: Services, size: int) -> Sequence[Talk]:
    """So many people who have been answered."""
    talks = [talk(services, Phone(f"+1555000{number:04}")) for number in range(size)]
    for each in talks:
        each.answered("Hi", "Hello")
    return talks
