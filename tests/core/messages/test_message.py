"""Each reason has a sentence."""

import pytest

from core.messages.message import Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    assert reason.sentence.endswith(".") and reason.sentence.strip("“")[0].isupper()
