"""What a turn is decided on."""

from tests.services.fake_llm import FakeLLM
from tests.worker.world import World


async def test_what_is_due_is_known_when_the_turn_begins(world: World, llm: FakeLLM) -> None:
    """Who answers, and that a command stands alone."""
    alice = world.friend()
    alice.writes("Hello").writes("/help").writes("Bye")
    await world.answering.answer(alice.chat_id)
    kinds = [(turn["kind"], turn["agent"]) for turn in world.turns()]
    assert kinds == [("agent", "finn"), ("command", None), ("agent", "finn")]
    assert [request.messages[-1] for request in llm.requests] == [
        ("user", "Hello"),
        ("user", "Bye"),
    ]
