"""The model without AI."""

from pydantic_ai import Agent as Runner

from core.agents.agent import Agent
from worker.models import providers

FINN = Agent("finn", "Finn", emoji="🏗️", role="Solutions Architect")


async def test_the_demo_gives_back_every_character() -> None:
    model = providers.build_echo(FINN)
    text = "*stars*, `ticks`, ```fences``` and\n<tags>"
    said = (await Runner(retries=0).run(text, model=model)).output
    assert text in said and "🏗️ Finn, Solutions Architect" in said and "Demo (no AI)" in said


async def test_the_demo_does_not_repeat_a_novel() -> None:
    said = (await Runner(retries=0).run("word " * 5000, model=providers.build_echo(FINN))).output
    assert len(said) < 1500
