"""A Signal session, in and out of order."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.crypto.e2ee import Sealed
from simulator.crypto.ratchet import DuplicateMessage, Undecryptable
from tests.simulator.crypto.test_e2ee import Pair

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_messages_pass_both_ways(pair: Pair) -> None:
    first = pair.from_ana(b"hello")
    assert first.type == "pkmsg"
    assert pair.to_ben(first) == b"hello"
    for turn in range(5):
        answer = pair.from_ben(b"answer %d" % turn)
        assert answer.type == "msg"
        assert pair.to_ana(answer) == b"answer %d" % turn
        question = pair.from_ana(b"question %d" % turn)
        assert question.type == "msg"
        assert pair.to_ben(question) == b"question %d" % turn


def test_both_may_start_at_once(pair: Pair) -> None:
    mine, theirs = pair.from_ana(b"hello"), pair.from_ben(b"good day")
    assert pair.to_ben(mine) == b"hello"
    assert pair.to_ana(theirs) == b"good day"
    for _ in range(3):
        assert pair.to_ben(pair.from_ana(b"x")) == b"x"
        assert pair.to_ana(pair.from_ben(b"y")) == b"y"


@settings(unhurried, max_examples=30)
@given(st.integers(0, 2**32), st.lists(st.booleans(), min_size=1, max_size=40))
def test_any_order_and_any_loss_is_borne(seed: int, directions: list[bool]) -> None:
    """Messages overtake each other within a window; what is lost is not missed by the others."""
    pair, luck = Pair(), random.Random(seed)
    pair.to_ben(pair.from_ana(b"start"))
    pair.to_ana(pair.from_ben(b"start"))
    under_way: list[tuple[bool, Sealed, bytes]] = []
    for number, to_ben in enumerate(directions):
        text = b"%d" % number
        sealed = pair.from_ana(text) if to_ben else pair.from_ben(text)
        under_way.append((to_ben, sealed, text))
        while under_way and luck.random() < 0.5:
            to_whom, message, expected = under_way.pop(luck.randrange(len(under_way)))
            if luck.random() < 0.9:
                assert (pair.to_ben if to_whom else pair.to_ana)(message) == expected


def test_a_message_counts_once(pair: Pair) -> None:
    sealed = pair.from_ana(b"hello")
    pair.to_ben(sealed)
    with pytest.raises(DuplicateMessage):
        pair.to_ben(sealed)
    late = pair.from_ana(b"late")
    pair.to_ben(pair.from_ana(b"early"))
    assert pair.to_ben(late) == b"late"
    with pytest.raises(DuplicateMessage):
        pair.to_ben(late)


@pytest.mark.parametrize("position", [0, 1, 5, 40, -9, -1])
def test_damage_costs_only_the_damaged_message(pair: Pair, position: int) -> None:
    pair.to_ben(pair.from_ana(b"start"))
    pair.to_ana(pair.from_ben(b"start"))
    sealed = pair.from_ana(b"hello")
    data = bytearray(sealed.data)
    data[position] ^= 0xFF
    with pytest.raises(Undecryptable):
        pair.to_ben(Sealed(sealed.type, bytes(data)))
    assert pair.to_ben(sealed) == b"hello"
