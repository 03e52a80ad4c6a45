"""What phones show."""

from tests.demo.conftest import Hands


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


def test_typing_shows_on_the_other_side_alone(hands: Hands) -> None:
    def typing(phone: object, other: object) -> object:
        return hands.world.draw()[f"chat:{phone.number}:{other.number}"]["typing"]  # type: ignore[attr-defined]

    hands.do("typing", hands.alice, hands.bob)
    assert typing(hands.bob, hands.alice) == "composing"
    assert typing(hands.bob, hands.owner) is None
    hands.do("typing", hands.alice, hands.bob, on=False)
    assert typing(hands.bob, hands.alice) is None


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
