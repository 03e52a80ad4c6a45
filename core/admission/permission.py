"""The numbers an agent may write to on its own: exact ones, prefixes such as +1555*, and *
for everyone. None, unless the owner says so.

The same patterns as the allowlist's, but another list: who may write to us need not want to be
written to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.admission.allowlist import Pattern
from core.errors import InvalidPattern
from core.phone import Phone

LABEL_MAX = 200


@dataclass(frozen=True)
class Permission:
    id: int
    agent: str
    pattern: Pattern
    label: str | None
    created_at: datetime


def parse_target(text: str) -> Pattern:
    """Read what a person typed. Raises `InvalidPattern` with the sentence to show."""
    pattern = Pattern.parse(text)
    if pattern.is_hidden:
        raise InvalidPattern("Agents write to numbers. A hidden id is none.")
    return pattern


def find(phone: Phone, permissions: Iterable[Permission]) -> Permission | None:
    """The permission that lets this number be written to: the most exact one."""
    matching = [permission for permission in permissions if permission.pattern.matches(phone)]
    return min(matching, key=lambda permission: permission.pattern.rank, default=None)
