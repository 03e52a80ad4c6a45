"""Who a conversation on WhatsApp is with: one person, or a group."""

from flask import abort
from sqlalchemy import Connection

from store.chats import chats, people
from store.chats.chats import Chat
from store.chats.people import Person


def find_parties(connection: Connection, chat_id: int) -> tuple[Chat, Person | None]:
    """The chat, and who writes in it; None in a group. Aborts with 404 when it is none of
    WhatsApp's."""
    chat = chats.get(connection, chat_id)
    if chat is None or not chat.channel.is_on_whatsapp:
        abort(404)
    if chat.is_group:
        return chat, None
    person = people.get(connection, chat.person_id) if chat.person_id else None
    return chat, person or abort(404)
