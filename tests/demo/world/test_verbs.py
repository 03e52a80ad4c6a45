"""What the page can do with phones."""

import pytest

from demo.world.world import Refused
from tests.demo.conftest import Hands


def test_an_answer_quotes_an_edit_shows_and_what_is_deleted_is_gone(hands: Hands) -> None:
    hands.do("say", hands.alice, hands.bob, text="Lunch?")
    question = hands.shown(hands.bob)[0]["id"]
    hands.do("say", hands.bob, hands.alice, text="At twelv", message=question)
    answer = hands.shown(hands.bob)[1]["id"]
    hands.do("edit", hands.bob, hands.alice, message=answer, text="At twelve")
    seen = hands.shown(hands.alice)[1]
    assert seen["quote"] == {
        "id": question,
        "mine": True,
        "sender": hands.alice.number,
        "text": "Lunch?",
    }
    assert (seen["text"], seen["edited"]) == ("At twelve", True)
    hands.do("delete", hands.bob, hands.alice, message=answer)
    for phone in (hands.alice, hands.bob):
        deleted = hands.shown(phone)[1]
        assert (deleted["text"], deleted["deleted"], deleted["quote"]) == ("", True, None)


def test_the_same_reaction_once_more_takes_it_back(hands: Hands) -> None:
    hands.do("say", hands.alice, hands.bob, text="Done!")
    message = hands.shown(hands.bob)[0]["id"]
    hands.do("react", hands.bob, hands.alice, message=message, text="👍")
    given = [{"by": hands.bob.number, "emoji": "👍"}]
    assert hands.shown(hands.alice)[0]["reactions"] == given
    assert hands.shown(hands.bob)[0]["reactions"] == given
    hands.do("react", hands.bob, hands.alice, message=message, text="👍")
    assert hands.shown(hands.alice)[0]["reactions"] == []


@pytest.mark.parametrize(
    ("verb", "order", "sentence"),
    [
        ("say", {"text": "  "}, "There is nothing to send."),
        ("edit", {"text": "", "message": "3A"}, "Delete it instead"),
        ("react", {"text": "👍", "message": "3A"}, "This message is not there any more"),
        ("rename", {"name": " "}, "A phone needs a name."),
        ("add_phone", {"phone": "12", "name": "Carla"}, "is no phone number"),
        ("add_phone", {"phone": "+15550002001", "name": "Eve"}, "there is a phone with"),
        ("remove_device", {"device": 7}, "not linked any more"),
        ("attach", {"sample": "elephant"}, "'elephant'"),
        ("fault", {"fault": "earthquake"}, "'earthquake'"),
        ("scan", {"text": "hello"}, "This is not a code for linking a device"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(hands, verb, order, sentence) -> None:
    before = hands.world.draw()
    with pytest.raises(Refused, match=f"(?i){sentence}"):
        hands.do(verb, hands.alice, hands.bob, **order)
    assert hands.world.draw() == before


def test_another_s_message_cannot_be_deleted(hands: Hands) -> None:
    hands.do("say", hands.alice, hands.bob, text="mine")
    message = hands.shown(hands.bob)[0]["id"]
    with pytest.raises(Refused, match="was not sent from this phone"):
        hands.do("delete", hands.bob, hands.alice, message=message)
