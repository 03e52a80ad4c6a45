"""What asking a model has cost."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Spent:
    """None where it was not counted, or no price is known."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
