"""Sentences as the reader's catalogue has them, and as they were written without one."""

from gettext import NullTranslations

import pytest

from core.text.translation import _, ngettext, pgettext, reading_in


class German(NullTranslations):
    """A catalogue of four sentences."""

    def gettext(self, message: str) -> str:
        return {"Saved.": "Gespeichert.", "{name} is gone.": "{name} ist fort."}.get(
            message, message
        )

    def pgettext(self, context: str, message: str) -> str:
        return {("chat", "Open"): "Offen"}.get((context, message), message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return "ein Gespräch" if n == 1 else "{count} Gespräche"


SAVED = _("Saved.")
CHATS = ngettext("{count} chat", "{count} chats")


def test_without_a_catalogue_a_sentence_stands_as_it_was_written() -> None:
    assert f"{SAVED}" == "Saved."
    assert str(pgettext("chat", "Open")) == "Open"
    assert CHATS.format(count=1) == "1 chat" and CHATS.format(count=2) == "2 chats"
    assert _("{name} is gone.").format(name="Ana") == "Ana is gone."


def test_a_sentence_is_looked_up_when_it_is_shown() -> None:
    with reading_in(German()):
        assert str(SAVED) == "Gespeichert."
        assert _("{name} is gone.").format(name="Ana") == "Ana ist fort."
        assert str(pgettext("chat", "Open")) == "Offen"
        assert str(pgettext("verb", "Open")) == "Open"
        assert CHATS.format(count=1) == "ein Gespräch"
        assert CHATS.format(count=7) == "7 Gespräche"
    assert str(SAVED) == "Saved."


def test_zero_may_have_a_sentence_of_its_own() -> None:
    ended = ngettext("{count} session", "{count} sessions", none=_("Saved."))
    assert [ended.format(count=count) for count in (0, 1)] == ["Saved.", "1 session"]
    assert CHATS.format(count=0) == "0 chats"
    with reading_in(German()):
        assert ended.format(count=0) == "Gespeichert."


def test_the_catalogue_is_given_back_after_an_error() -> None:
    with pytest.raises(KeyError), reading_in(German()):
        raise KeyError
    assert str(SAVED) == "Saved."
