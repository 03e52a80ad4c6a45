"""A chat's transcript as a page shows it, on WhatsApp and in the panel alike.

A page that is open asks again for the chat's open end, and gets with it the pieces that are new or
look different now, so that nothing moves under the reader. templates/transcript/ writes both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import Connection

from app.web import respond
from app.web.ext import agents, now
from store.chats.chats import Chat
from store.chats.people import Person
from store.pages import transcripts
from store.pages.transcript_items import Incoming, Item, TurnSummary, compute_version
from store.pages.transcripts import Cursor, OpenEnd, Page


@dataclass(frozen=True)
class Piece:
    """An item in its place."""

    item: Item
    version: str
    before: Item | None  # the item above it on the page


@dataclass(frozen=True)
class Transcript:
    """A part of a chat."""

    chat: Chat
    page: Page
    end: OpenEnd
    person: Person | None = None  # None in a group and in the panel
    partial: str = ""  # what has been written of the answer so far
    excuse: str = ""  # what keeps the jobs from answering: "jobs", "redis"

    @property
    def is_panel(self) -> bool:
        return not self.chat.channel.is_on_whatsapp

    @property
    def blueprint(self) -> str:
        """Whose views show it; they have the same names."""
        return "chat" if self.is_panel else "conversations"

    @property
    def pieces(self) -> Sequence[Piece]:
        befores = [None, *self.page.items]
        return [
            Piece(item, compute_version(item), before)
            for item, before in zip(self.page.items, befores, strict=False)
        ]

    @property
    def running(self) -> TurnSummary | None:
        """The turn at work, unless it has ended since that was read."""
        running = self.end.running
        ended = {item.id for item in self.page.items if isinstance(item, TurnSummary)}
        return running if running and running.id not in ended else None

    @property
    def unanswered(self) -> Sequence[Incoming]:
        """What the owner wrote in the panel and is not answered yet."""
        answered = {item.key for item in self.page.items}
        return [item for item in self.end.unanswered if item.key not in answered]

    @property
    def latest_message(self) -> int:
        """The id of the latest message that reached us; 0 if there is none."""
        ids = (item.id for item in self.page.items if isinstance(item, Incoming))
        return max(ids, default=0)

    @property
    def fingerprint(self) -> str:
        shown = (
            self.end.running,
            self.end.waiting,
            self.unanswered,
            self.partial,
            self.excuse,
            [piece.version for piece in self.pieces],
        )
        return respond.fingerprint(*shown)


def read_transcript(
    connection: Connection, chat: Chat, person: Person | None = None, before: Cursor | None = None
) -> Transcript:
    end = transcripts.read_open_end(connection, chat)
    return Transcript(chat, transcripts.read_page(connection, chat, before), end, person)


def build_context(transcript: Transcript) -> dict[str, Any]:
    """What templates/transcript/ wants to know. Of a page that is open already, `known` has the
    pieces in `v` (key.version), and `news` those that are new or look different."""
    known = dict(each.rpartition(".")[::2] for each in request.values.getlist("v"))
    news = [piece for piece in transcript.pieces if known.get(piece.item.key) != piece.version]
    return {
        "transcript": transcript,
        "chat": transcript.chat,
        "person": transcript.person,
        "known": known,
        "news": news,
        "agents": dict(agents().load().agents),
        "now": now(),
    }
