"""Phone numbers as people type them and as WhatsApp spells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidPhone
from core.phone import Phone

ADA = "+15551234567"
HIDDEN = "\u00ad\u200b\u200e\u200f\u202a\u202c\u2060\u2066\u2069\ufeff"
BETWEEN = st.text(" -().\t\u00a0\u2009\u2010\u2011\u2012\u2013\u2014\u2212" + HIDDEN, max_size=3)


@pytest.mark.parametrize(
    "typed",
    [
        ADA,
        "0015551234567",
        " +1 (555) 123-4567\n",
        "+1.555.123.4567",
        "+1 555/123 4567",
        "+1\u00a0555\u2011123\u20134567",
        "\u202a+1 555 123 4567\u202c",
        "\u2066+15551234567\u2069",
        "＋１５５５１２３４５６７",
        "+١٥٥٥١٢٣٤٥٦٧",
    ],
)
def test_one_number_typed_in_many_ways(typed: str) -> None:
    assert Phone.parse(typed) == ADA


@given(st.lists(BETWEEN, min_size=len(ADA) + 1, max_size=len(ADA) + 1))
def test_nothing_between_the_digits_matters(gaps: list[str]) -> None:
    typed = gaps[0] + "".join(digit + gap for digit, gap in zip(ADA, gaps[1:], strict=True))
    assert Phone.parse(typed) == ADA


@pytest.mark.parametrize("text", ["", "   ", "5551234567", "15551234567", "*", "me", "tel:+1555"])
def test_the_country_code_is_asked_for(text: str) -> None:
    with pytest.raises(InvalidPhone, match=r"Start with \+ and the country code"):
        Phone.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "+1555CALLNOW",
        "+15551234567 ext. 5",
        "+15551234567;ext=5",
        "+15551234567*",
        "++15551234567",
        "+0015551234567",
        "+999123456789",
        "+",
        "+1\x005551234567",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidPhone, match="is not a phone number"):
        Phone.parse(text)


@pytest.mark.parametrize("text", ["+1555", "+1 555 1234", "+1 555 123 45678"])
def test_the_wrong_count_of_digits_is_refused(text: str) -> None:
    with pytest.raises(InvalidPhone, match=f"“{text.replace('+', '.')}” has too few or too many"):
        Phone.parse(text)


def test_a_sentence_does_not_repeat_a_novel() -> None:
    with pytest.raises(InvalidPhone) as refusal:
        Phone.parse("+1" + "5" * 100_000)
    assert len(str(refusal.value)) < 100


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        phone = Phone.parse(text)
    except InvalidPhone:
        return
    assert phone.startswith("+") and phone.digits.isascii() and phone.digits.isdigit()
    assert 7 <= len(phone.digits) <= 15
    assert Phone.parse(phone) == phone == Phone.parse(phone.pretty)


def test_whatsapps_spelling_is_taken_as_it_is() -> None:
    phone = Phone.from_digits("15551234567")
    assert phone == ADA and phone.digits == "15551234567"
    # Numbers that the service uses and the numbering plan does not know.
    assert Phone.from_digits("5215555555555").pretty.startswith("+52")


@pytest.mark.parametrize("digits", ["", "+15551234567", "abc", "1234567890123456", "١٥٥٥", "1 2"])
def test_what_whatsapp_never_says_is_refused(digits: str) -> None:
    with pytest.raises(InvalidPhone):
        Phone.from_digits(digits)


def test_people_read_it_in_groups() -> None:
    assert Phone(ADA).pretty == "+1 555-123-4567"
    assert Phone("+0").pretty == "+0"
