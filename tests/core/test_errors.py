"""What can go wrong in our own terms."""

import inspect

import pytest

from core import errors
from core.errors import DjinnError, InvalidSetting, LockHeld, NotConnected

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_has_one_root_and_tells_when_it_is_raised(kind: type[Exception]) -> None:
    assert issubclass(kind, DjinnError) and kind.__doc__


def test_those_with_words_of_their_own() -> None:
    assert str(NotConnected()) == "WhatsApp is not connected"
    assert str(NotConnected("No account")) == "No account"
    assert str(LockHeld()) == "Another engine instance holds the WhatsApp lock"
    setting = InvalidSetting("chunk_size", "Too long.")
    assert (setting.field, str(setting)) == ("chunk_size", "Too long.")
