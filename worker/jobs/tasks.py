"""The jobs: what RQ calls by name (`store/redis/queue.py`), in a process that has set `SERVICES`.

A job's task sees what was set in the main thread before `AsyncWorker.work`.
"""

from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

from worker.jobs.chat_loop import ChatLoop
from worker.models import model_test
from worker.models.completion import Completer


@dataclass(frozen=True)
class Services:
    """What the jobs of one process work with."""

    chat_loop: ChatLoop
    completer: Completer


SERVICES: ContextVar[Services] = ContextVar("services")


async def answer(chat_id: int) -> None:
    """Messages nudge it: answer what waits in this chat."""
    await SERVICES.get().chat_loop.answer(chat_id)


async def try_model(model: str) -> dict[str, Any]:
    """The owner wants to know whether a model can be asked. Returns the fields of a
    `ModelTestResult` (`store/redis/model_tests.py`)."""
    return asdict(await model_test.run(SERVICES.get().completer, model))
