"""The phones of a demo."""

import pytest

from demo.world.world import MOST_PHONES, Refused
from tests.demo.conftest import Hands


def test_in_flight_mode_messages_wait_on_both_sides(hands: Hands) -> None:
    hands.do("flight", hands.alice)
    hands.do("say", hands.alice, hands.bob, text="later")
    hands.do("say", hands.bob, hands.alice, text="hello?")
    assert [m["tick"] for m in hands.shown(hands.alice)] == ["pending"]
    assert [m["tick"] for m in hands.shown(hands.bob)] == ["sent"]
    hands.do("flight", hands.alice, on=False)
    assert {m["text"] for m in hands.shown(hands.alice)} == {"later", "hello?"}
    assert {m["tick"] for m in hands.shown(hands.bob) if m["mine"]} == {"delivered"}


def test_a_phone_is_renamed_and_seen_under_its_lid(hands: Hands) -> None:
    hands.do("rename", hands.bob, name="Robert")
    hands.do("address", hands.bob, addressing="lid_only")
    state = hands.world.draw()
    about = state[f"phone:{hands.bob.number}"]
    assert (about["name"], about["addressing"]) == ("Robert", "lid_only")
    assert state[f"chat:{hands.alice.number}:{hands.bob.number}"]["name"] == "Robert"
    hands.do("say", hands.bob, hands.alice, text="still me")
    assert hands.shown(hands.alice)[0]["chat"] == hands.bob.number


def test_phones_are_added_until_there_is_no_room(hands: Hands) -> None:
    for number in range(MOST_PHONES - 3):
        hands.do("add_phone", hands.alice, phone=f"+1 555-000-300{number}", name="Carla")
    assert "phone:+15550003000" in hands.world.draw()
    with pytest.raises(Refused, match="phones are the most"):
        hands.do("add_phone", hands.alice, phone="+15550003999", name="Dora")
