"""Who is in the demo at the beginning."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    number: str
    name: str


OWNER = Role("+15550001000", "Your shop")  # the number that DjinnBot gets
GUESTS = (Role("+15550002001", "Alice"), Role("+15550002002", "Bob"))
TEAM = "Team"  # a group of all of them
