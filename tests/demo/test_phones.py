"""What the page can do with phones, and what they show then."""

import pytest

from demo.world.samples import SAMPLES
from demo.world.world import MOST_PHONES, Refused
from tests.demo.conftest import Hands
from tests.waiting import until


def test_a_text_has_two_ticks_when_it_arrives_and_blue_ones_when_it_is_read(hands: Hands) -> None:
    hands.do("say", hands.alice, hands.bob, text="Hello")
    [mine], [theirs] = hands.shown(hands.alice), hands.shown(hands.bob)
    assert (mine["text"], mine["mine"], mine["tick"]) == ("Hello", True, "delivered")
    assert (theirs["text"], theirs["mine"], theirs["unread"]) == ("Hello", False, True)
    hands.do("read", hands.bob, hands.alice, message=theirs["id"])
    assert hands.shown(hands.bob)[0]["unread"] is False
    assert hands.shown(hands.alice)[0]["tick"] == "read"


def test_reading_goes_up_to_the_message_that_was_seen(hands: Hands) -> None:
    for text in ("one", "two", "three"):
        hands.do("say", hands.alice, hands.bob, text=text)
    second = hands.shown(hands.bob)[1]
    hands.do("read", hands.bob, hands.alice, message=second["id"])
    assert [message["tick"] for message in hands.shown(hands.alice)] == [
        "read",
        "read",
        "delivered",
    ]


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


def test_typing_shows_on_the_other_side_alone(hands: Hands) -> None:
    def typing(phone: object, other: object) -> object:
        return hands.world.draw()[f"chat:{phone.number}:{other.number}"]["typing"]  # type: ignore[attr-defined]

    hands.do("typing", hands.alice, hands.bob)
    assert typing(hands.bob, hands.alice) == "composing"
    assert typing(hands.bob, hands.owner) is None
    hands.do("typing", hands.alice, hands.bob, on=False)
    assert typing(hands.bob, hands.alice) is None


def test_in_flight_mode_messages_wait_on_both_sides(hands: Hands) -> None:
    hands.do("flight", hands.alice)
    hands.do("say", hands.alice, hands.bob, text="later")
    hands.do("say", hands.bob, hands.alice, text="hello?")
    assert [m["tick"] for m in hands.shown(hands.alice)] == ["pending"]
    assert [m["tick"] for m in hands.shown(hands.bob)] == ["sent"]
    hands.do("flight", hands.alice, on=False)
    assert {m["text"] for m in hands.shown(hands.alice)} == {"later", "hello?"}
    assert {m["tick"] for m in hands.shown(hands.bob) if m["mine"]} == {"delivered"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_every_sample_arrives_as_what_it_is(hands: Hands, sample) -> None:
    hands.do("attach", hands.alice, hands.bob, sample=sample.id)
    [there] = hands.shown(hands.bob)
    assert there["matter"] == hands.shown(hands.alice)[0]["matter"]
    kinds = {"captioned": "picture", "voice": "audio"}
    assert there["matter"]["kind"] == kinds.get(sample.id, sample.id)
    assert there["text"] == ("Where was this taken?" if sample.id == "captioned" else "")


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


def test_in_the_group_everybody_sees_who_writes_and_who_is_mentioned(hands: Hands) -> None:
    chat = str(hands.team.jid)
    state = hands.world.draw()
    for phone in (hands.alice, hands.bob, hands.owner):
        assert state[f"chat:{phone.number}:{chat}"]["name"] == "Team"
    hands.do("say", hands.alice, hands.team, text="@Your shop, are you there?")
    [mine], [theirs] = hands.shown(hands.alice), hands.shown(hands.bob)
    assert mine["text"] == theirs["text"] == "@Your shop are you there?"
    assert (theirs["chat"], theirs["sender"]) == (chat, hands.alice.number)
    raw = hands.bob.messages[str(theirs["id"])].raw.extendedTextMessage
    assert raw.contextInfo.mentionedJID == [str(hands.owner.jid)]
    hands.do("typing", hands.bob, hands.team)
    assert hands.world.draw()[f"chat:{hands.alice.number}:{chat}"]["typing"] == "composing"
    hands.do("react", hands.bob, hands.team, message=theirs["id"], text="👍")
    hands.do("read", hands.bob, hands.alice, message=theirs["id"])
    assert hands.shown(hands.alice)[0]["reactions"] == [{"by": hands.bob.number, "emoji": "👍"}]
