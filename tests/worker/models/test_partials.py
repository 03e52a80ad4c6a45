"""What of an unfinished answer may be seen."""

import pytest

from worker.models.partials import clean_partial


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("one two", "one two"),
        ("one <thi", "one"),
        ("one <", "one"),
        ("one </thinking", "one"),
        ("one <think>two", "one"),
        ("a < b", "a < b"),
        ("<think>plan</think>", ""),
        ("plan</think>answer", "answer"),
    ],
)
def test_what_of_an_unfinished_answer_may_be_seen(written: str, seen: str) -> None:
    assert clean_partial(written) == seen
