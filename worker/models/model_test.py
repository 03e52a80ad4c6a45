"""Asking a model one short thing, so that the owner sees whether it can be asked at all."""

import asyncio
import time

from core.agents.agent import Agent
from core.errors import InvalidModel
from core.messages.content import Content
from core.models.failure import AgentFailed, Failure
from core.models.name import ModelName
from store.redis.model_tests import ModelTestResult
from worker.models.completion import Completer, Prompt

SECONDS = 40.0  # the owner watches
SAID = 300  # characters of an answer that are shown

TESTER = Agent("test", "Test", soul="This is a test of the connection. Answer with the word OK.")


async def run(completer: Completer, model: str) -> ModelTestResult:
    """Never fails: what goes wrong is the outcome, and holds no key."""
    started = time.monotonic()
    try:
        prompt = Prompt(TESTER, ModelName.parse(model), Content("Test"))
        async with asyncio.timeout(SECONDS):
            completion = await completer.complete(prompt)
    except InvalidModel as error:
        return ModelTestResult(False, str(error), code=Failure.UNKNOWN_MODEL)
    except AgentFailed as error:
        return ModelTestResult(False, error.detail, code=error.code)
    except TimeoutError:
        return ModelTestResult(
            False, f"No answer within {SECONDS:.0f} seconds.", code=Failure.TIMEOUT
        )
    seconds = round(time.monotonic() - started, 2)
    return ModelTestResult(True, completion.text[:SAID], seconds=seconds)
