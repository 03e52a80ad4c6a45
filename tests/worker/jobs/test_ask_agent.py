"""What ends a turn that would go on for ever."""

from core.models.failure import Failure
from tests.services.fake_llm import FakeLLM
from tests.worker.world import World
from worker.models.completion import LIMITS


async def test_an_agent_that_only_uses_tools_comes_to_an_end(world: World, llm: FakeLLM) -> None:
    llm.calls_tools(*[[("current_time", {"timezone": "UTC"})]] * 100)
    assert await world.friend().asks("What time is it?") == Failure.TOO_MANY_STEPS.sentence
    assert len(llm.requests) == LIMITS.request_limit
    [turn] = world.turns()
    assert (turn["state"], turn["error_code"]) == ("failed", "too_many_steps")
    assert "request_limit" in turn["error_detail"] and "http" not in turn["error_detail"]
    assert turn["input_tokens"] > LIMITS.request_limit


async def test_a_fallback_in_the_middle_does_not_repeat_what_tools_did(
    world: World, llm: FakeLLM
) -> None:
    """The model fails after its first tool: the other goes on from there."""
    config = "model: custom/small\nfallback_model: ollama/other\n"
    (world.config.agents_dir / "finn" / "config.yml").write_text(config)
    llm.calls_tool("current_time", timezone="UTC", then="It is noon.")
    llm.fails(500, times=3, after=1)
    answering = world.another(ollama_base_url=llm.url)
    alice = world.friend().writes("What time is it?")
    await answering.answer(alice.chat_id)
    assert alice.reads() == ["It is noon."]
    assert [request.model for request in llm.requests] == ["small"] * 4 + ["other"]
    assert str(world.turns()[0]["history"]).count("tool-call") == 1
    assert world.turns()[0]["model"] == "ollama/other"
