"""A dictionary that forgets."""

from simulator.phones.recent import Recent


def test_the_oldest_new_key_goes() -> None:
    recent: Recent[str, int] = Recent(2)
    for number, key in enumerate("abac"):
        recent[key] = number
    assert recent == {"b": 1, "c": 3}, "a new value makes no key younger"
