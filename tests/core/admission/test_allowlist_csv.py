"""The allowlist as a table: what is written comes back, and what an import would do."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.admission.allowlist import Entry, Pattern
from core.admission.allowlist_csv import BYTES, LINES, Fate, Plan, decode, plan, read, write
from core.errors import InvalidTable

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AGENTS = {"finn": "finn", "mary ann": "mary_ann", "mary_ann": "mary_ann"}
ADA, AREA, ALL = "+15551234567", "+1555*", "*"


def entry(pattern: str, label: str | None = None, agent: str | None = None, id: int = 1) -> Entry:
    return Entry(id, Pattern(pattern), label, agent, NOW, NOW)


def planned(text: str, *entries: Entry) -> Plan:
    return plan(read(text), entries, AGENTS)


def fates(found: Plan) -> list[str]:
    return [f"{line.row.number} {line.fate}" for line in found.lines]


def test_a_table_is_written_with_a_header() -> None:
    text = write([entry(ADA, "Ada, “the first”", "finn"), entry(ALL)])
    assert text.splitlines() == [
        "phone,label,agent",
        '\'+15551234567,"Ada, “the first”",finn',
        "*,,",
    ]


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''=1"])
def test_no_cell_is_a_formula_and_all_come_back(label: str) -> None:
    text = write([entry(ADA, label), entry(AREA, label)])
    cells = [cell for line in text.splitlines() for cell in line.split(",")]
    assert not any(cell.lstrip('"').startswith(("=", "+", "-", "@", "\t")) for cell in cells)
    assert [row.phone for row in read(text).rows] == [ADA, AREA]
    assert {row.label for row in read(text).rows} == {label.strip()}


LABELS = st.none() | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30
).map(lambda text: text.strip() or None)
NUMBERS = st.integers(0, 9_999_999).map(lambda number: f"+1555{number:07}")


@given(st.dictionaries(NUMBERS, st.tuples(LABELS, st.sampled_from([None, "finn"])), min_size=1))
def test_what_is_exported_is_there_already(found: dict[str, tuple[str | None, str | None]]) -> None:
    entries = [entry(number, *rest, id=at) for at, (number, rest) in enumerate(found.items())]
    result = planned(decode(b"\xef\xbb\xbf" + write(entries).encode()), *entries)
    assert {line.fate for line in result.lines} == {Fate.SAME}
    assert len(result.lines) == len(entries) and not result.has_effect


@pytest.mark.parametrize(
    "text",
    [
        "phone,label,agent\n+15551234567,Ada,finn\n",
        "\ufeffphone;label;agent\r\n+1 555 123-4567;Ada;Finn\r\n",
        "Agent\tName\tPhone number\rfinn\tAda\t'+15551234567\r",
        "sep=;\n+15551234567;Ada;finn",
        '"+1 (555) 123-4567","Ada","FINN"',
        "email,PHONE,label,agent\na@b.c,0015551234567, Ada ,finn",
    ],
)
def test_all_these_mean_the_same(text: str) -> None:
    [line] = planned(text).lines
    assert (line.fate, line.pattern, line.label, line.agent) == (Fate.NEW, ADA, "Ada", "finn")


def test_a_hidden_number_comes_back() -> None:
    """Also without a header, and where the separator has to be guessed from it."""
    dave = entry("123456789012345@lid", "Wood, Dave", "finn")
    text = write([dave])
    assert "123456789012345@lid" in text and "'123" not in text
    assert fates(planned(text, dave)) == ["2 same"]
    [line] = planned("123@lid; Wood, Dave; finn").lines
    assert (line.pattern, line.label, line.agent) == ("123@lid", "Wood, Dave", "finn")


def test_the_comma_in_a_name_does_not_separate_columns() -> None:
    [line] = planned("+15551234567;Lovelace, Ada").lines
    assert (line.pattern, line.label, line.agent) == (ADA, "Lovelace, Ada", None)


def test_columns_that_mean_nothing_are_named() -> None:
    found = planned("email,phone,city,name,label\na@b.c,+15551234567,Rome,Ada,Countess")
    assert found.unused == ["email", "city", "label"]
    assert found.lines[0].label == "Ada"


def test_what_becomes_of_each_line() -> None:
    known = entry(ADA, "Ada", "finn"), entry(AREA, "Area", None, 2), entry(ALL, "All", "gone", 3)
    text = (
        "phone,label,agent\n"
        "+15551234567,Countess,finn\n"
        "\n"
        "+1555*,Area,\n"
        "*,All,gone\n"
        '+15550000001,"two\nlines",mary ann\n'
        "0821234567,,\n"
        "+15550000001,,\n"
        "+15550000002,,nobody\n"
        "+15550000003,a,b,c\n"
        ",Nobody,\n"
        f"+15550000004,{'x' * 201},\n"
    )
    found = planned(text, *known)
    assert fates(found) == [
        "2 changed",
        "4 same",
        "5 same",
        "6 new",
        "8 refused",
        "9 refused",
        "10 refused",
        "11 refused",
        "12 refused",
        "13 refused",
    ]
    assert [line.why.partition(".")[0] for line in found.of(Fate.REFUSED)] == [
        "Start with + and the country code, for example +15551234567",
        "+15550000001 is on line 6 already",
        "There is no agent called “nobody”",
        "There are more cells than columns",
        "There is no number",
        "The label is too long: at most 200 characters",
    ]
    assert found.counts == {"new": 1, "changed": 1, "same": 2, "refused": 6}
    assert found.lines[3].agent == "mary_ann" and found.has_effect


def test_an_empty_cell_takes_away_and_a_missing_one_keeps() -> None:
    known = entry(ADA, "Ada", "finn")
    [kept] = planned("phone\n+15551234567", known).lines
    [short] = planned("phone,label,agent\n+15551234567,Countess", known).lines
    [emptied] = planned("phone,label,agent\n+15551234567,,", known).lines
    assert kept.fate is Fate.SAME
    assert (short.label, short.agent) == ("Countess", "finn")
    assert (emptied.fate, emptied.label, emptied.agent) == (Fate.CHANGED, None, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "There is nothing in it"),
        ("\ufeff\n , ,\n", "There is nothing in it"),
        ("label,agent\nAda,finn", "The header has no column “phone”"),
        ("x" * (BYTES + 1), "at most 1 MB"),
        ("é" * (BYTES // 2 + 1), "at most 1 MB"),
        ("*\n" * (LINES + 1), "at most 10,000 lines"),
        ('+15551234567,"' + "x" * 200_000, "a quote is missing"),
    ],
)
def test_what_is_no_table_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidTable, match=sentence):
        read(text)


def test_files_are_utf_8_or_say_what_they_are() -> None:
    assert decode("Özgür".encode("utf-16")) == "Özgür"
    assert decode("Özgür".encode("utf-8-sig")) == "Özgür"
    for content in ("Özgür".encode("cp1252"), b"\xff\xfea"):
        with pytest.raises(InvalidTable, match="CSV UTF-8"):
            decode(content)


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = planned(text, entry(ADA))
    except InvalidTable:
        return
    assert len(found.lines) <= text.count("\n") + text.count("\r") + 1


def test_a_fingerprint_tells_which_lines_have_changed() -> None:
    text = "+15551234567,Ada\n+15550000001,Bob\n*"
    before = planned(text, entry(ALL, None, None, 9))
    assert planned(text, entry(ALL, None, None, 9)).fingerprint == before.fingerprint
    after = planned(text, entry(ADA, "Countess"), entry(ALL, None, None, 9))
    assert after.list_differing(before.fingerprint) == {1}
    assert after.list_differing("nonsense") == {1, 2, 3}
    assert after.list_differing("") == {1, 2, 3}
