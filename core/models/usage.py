"""What asking a model has cost."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Spent:
    """None where nobody counted, or nobody knows a price."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
