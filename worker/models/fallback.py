"""The models that one completion may ask: the agent's own and, where that fails, another."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic_ai.exceptions import FallbackExceptionGroup
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel

from core.models.name import ModelName
from worker.models.failures import classify_error, describe_error


@dataclass
class Attempts:
    """In the order in which they are asked, anew for each request of a turn."""

    names: list[ModelName] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    # Why the first was passed over, or why none could answer.
    errors: list[tuple[ModelName, Exception]] = field(default_factory=list)

    def add(self, name: ModelName, model: Model) -> None:
        self.names.append(name)
        self.models.append(model)

    @property
    def model(self) -> Model:
        """What to run the agent with."""
        if len(self.models) == 1:
            return self.models[0]
        return FallbackModel(*self.models, fallback_on=self._is_passed_over)

    def find_answering_model(self, messages: Sequence[ModelMessage]) -> ModelName:
        """Which model gave the last of these answers."""
        last = next(m for m in reversed(messages) if isinstance(m, ModelResponse))
        return self.names[len(last.failed_attempts or ())]

    def give_up(self, error: Exception) -> Exception:
        """No model answered. Returns the failure that counts: that of the agent's own model."""
        if isinstance(error, FallbackExceptionGroup):
            self.errors = list(zip(self.names, error.exceptions, strict=False))
            return self.errors[0][1]
        if all(error is not known for _, known in self.errors):
            self.errors.append((self.names[-1], error))
        return error

    @property
    def story(self) -> str:
        """What went wrong, a line for each model."""
        return "\n".join(f"{name}: {describe_error(error)}" for name, error in self.errors)

    def _is_passed_over(self, error: Exception) -> bool:
        failure = classify_error(error)
        if failure is None or not failure.may_pass_elsewhere:
            return False
        if not self.errors:
            self.errors.append((self.names[0], error))
        return True
