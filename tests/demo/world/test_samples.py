"""Samples to send."""

import pytest

from demo.world.samples import SAMPLES
from tests.demo.conftest import Hands


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_every_sample_arrives_as_what_it_is(hands: Hands, sample) -> None:
    hands.do("attach", hands.alice, hands.bob, sample=sample.id)
    [there] = hands.shown(hands.bob)
    assert there["matter"] == hands.shown(hands.alice)[0]["matter"]
    kinds = {"captioned": "picture", "voice": "audio"}
    assert there["matter"]["kind"] == kinds.get(sample.id, sample.id)
    assert there["text"] == ("Where was this taken?" if sample.id == "captioned" else "")
