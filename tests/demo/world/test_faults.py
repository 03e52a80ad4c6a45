"""Faults that a guest of the demo can cause."""

import pytest

from tests.demo.conftest import Hands
from tests.waiting import until


def test_faults_that_last_show_until_all_is_back_to_normal(hands: Hands) -> None:
    lasting = {"refuse", "banned", "passkey", "slow", "late_acks"}
    for fault in lasting:
        hands.do("fault", hands.alice, fault=fault)
    assert set(hands.world.draw()["faults"]) == lasting
    hands.do("fault", hands.alice, fault="slow", on=False)
    assert set(hands.world.draw()["faults"]) == lasting - {"slow"}
    hands.do("back_to_normal", hands.alice)
    assert hands.world.draw()["faults"] == []


@pytest.mark.parametrize("fault", ["cut", "unavailable", "replaced", "removed", "outdated"])
def test_what_happens_once_can_happen_while_nobody_is_linked(hands: Hands, fault: str) -> None:
    hands.do("fault", hands.alice, fault=fault)
    until(lambda: hands.world.draw()["linked"] is False)
