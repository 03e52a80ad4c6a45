"""Long texts in little space."""

from core.text.shortening import shorten, shorten_to_line


def test_what_fits_stays_as_it_is() -> None:
    assert shorten("12345", 5) == "12345"
    assert shorten(" a\nb ", 5) == " a\nb "


def test_what_is_longer_ends_with_an_ellipsis() -> None:
    assert shorten("123456", 5) == "1234…"
    assert shorten("123  456", 5) == "123…", "no space before it"


def test_several_lines_become_one() -> None:
    assert shorten_to_line(" one\n\ttwo ", 20) == "one two"
    assert shorten_to_line("one\ntwo three", 8) == "one two…"
