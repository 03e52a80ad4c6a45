"""What is taken out of a support bundle, and what stays."""

import pytest

from core.text.masking import make_name_mask, make_secret_mask, mask_numbers


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+15551234567", "…67"),
        ("from 15551234567@s.whatsapp.net", "from …67@s.whatsapp.net"),
        ("+1 555-123-4567, +49 (30) 123456", "…67, …56"),
        ("lid 123456789012345@lid.", "lid …45@lid."),
    ],
)
def test_numbers_keep_two_digits(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T03:07:04.123456+00:00", "neonize 0.5.2", "port 65535", "v2026.11.15", "127.0.0.1"],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert mask_numbers(text) == text


def test_names_are_taken_out_where_they_are_words() -> None:
    masked = make_name_mask(["Ana", "Ana Maria", "Al", "J. (home)", ""])
    assert masked("Ana Maria asked Al, Ana managed J. (home)") == (
        "[name] asked Al, [name] managed [name]"
    )


def test_secrets_are_taken_out_wherever_they_are() -> None:
    masked = make_secret_mask(["sk-1234", "sk-1234-and-more", "", "x"])
    assert masked("key=sk-1234-and-more&x, xsk-1234y") == "key=[hidden]&x, x[hidden]y"


def test_with_nothing_known_nothing_changes() -> None:
    assert make_name_mask([])("Ana") == "Ana" == make_secret_mask([""])("Ana")
