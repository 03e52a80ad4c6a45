"""“typing…”: a function of the chats' state, shown again every ten seconds.

WhatsApp forgets it by itself when it is not repeated, so it is gone with this process too.
"""

import threading
from collections.abc import Callable
from datetime import datetime

from store.chats import chats
from store.sql.engine import Database

REFRESH = 10.0  # seconds; a phone shows “typing…” for about twice as long


class TypingIndicator:
    """Shows typing where an answer is on its way. `tick` runs in one thread of the connection
    process; `start_typing` and `settle_after_piece` may be called from any."""

    def __init__(
        self,
        *,
        database: Database,
        show: Callable[[str, bool], None],
        announce: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._show = show
        self._announce = announce
        self._now = now
        self._typing: set[str] = set()
        self._lock = threading.Lock()
        self._announced = False

    def start_anew(self) -> None:
        """A new socket: the account has to be shown as online anew."""
        self._announced = False
        self._announce_presence()

    def start_typing(self, chat: str) -> None:
        """A message was accepted."""
        self._announce_presence()
        with self._lock:
            self._typing.add(chat)
        self._show(chat, True)

    def settle_after_piece(self, chat: str, is_expecting: bool) -> None:
        """A piece left. It ended the typing on the phone: if more is to come, it begins again."""
        self._settle(chat, is_expecting)

    def tick(self) -> None:
        """Every `REFRESH` seconds: repeat where it goes on, end it where nothing comes."""
        self._announce_presence()
        with self._lock:
            typing = set(self._typing)  # before the look at the database: who starts now goes on
        expecting = self._list_expecting()
        for chat in typing | expecting:
            self._settle(chat, chat in expecting)

    def _settle(self, chat: str, is_expecting: bool) -> None:
        with self._lock:
            was_typing = chat in self._typing
            (self._typing.add if is_expecting else self._typing.discard)(chat)
        if is_expecting or was_typing:
            self._show(chat, is_expecting)

    def _list_expecting(self) -> set[str]:
        with self._database.read() as connection:
            return set(chats.list_expecting(connection, self._now()))

    def _announce_presence(self) -> None:
        """Typing is passed on only for an account that is shown as online."""
        if not self._announced:
            self._announced = self._announce()
