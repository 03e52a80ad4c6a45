"""What the owner decides at any time. Everything there is to a setting stands here, once: its
default, what it may be, and how people and programs see it. The panel's form and the API are made
from that.
"""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import emoji

from core.errors import InvalidEmoji, InvalidSetting
from core.text.translation import Sentence, _


class Groups(StrEnum):
    """What becomes of messages in groups. That everything there is answered is no choice: people
    who talk to each other would pay for it with their peace, and the owner with money."""

    IGNORE = "ignore"
    ADDRESSED = "addressed"  # answered when a person who may write speaks to us

    @property
    def label(self) -> str:
        return str(_GROUPS[self])


_GROUPS = {
    Groups.IGNORE: _("Ignore groups"),
    Groups.ADDRESSED: _("Answer when spoken to"),
}


@dataclass(frozen=True)
class Numbers:
    """Which numbers a setting may be, `lowest` and `highest` included. People see and type them in
    a larger unit: `scale` of the stored ones are one on the page, with `digits` decimals."""

    lowest: int | Decimal
    highest: int | Decimal
    refusal: Sentence  # said of any other number; it may name {lowest} and {highest}, as typed
    not_a_number: Sentence | None = None  # None: the same as for a wrong one
    scale: int = 1
    digits: int = 0

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int | Decimal) and self.lowest <= number <= self.highest

    def describe(self, sentence: Sentence) -> str:
        """The sentence with the bounds in it, as they are typed."""
        return sentence.format(
            lowest=f"{self.lowest / self.scale:g}", highest=f"{self.highest / self.scale:g}"
        )


@dataclass(frozen=True)
class About:
    """How one setting is shown. One without a label is not on the settings' page."""

    label: Sentence | None = None
    hint: Sentence | None = None
    numbers: Numbers | None = None
    section: Sentence | None = None  # neighbours of one section stand under one headline
    warning: Sentence | None = None  # shown while it is on
    api: str | None = None  # its name in the API, in snake_case; None: programs can't see it
    api_about: str | None = None  # what the OpenAPI document says of it

    def explain(self) -> str:
        """The hint; it may name the bounds of the number."""
        if not self.hint:
            return ""
        return self.numbers.describe(self.hint) if self.numbers else str(self.hint)


def setting(default: Any, **about: Any) -> Any:
    return field(default=default, metadata={"about": About(**about)})


_LIMITS = _("Limits for each person")


@dataclass(frozen=True)
class Settings:
    """One row in SQL, in the order of the page."""

    # Rises by one with every save, so that the panel can show which version the worker runs.
    version: int = 0
    enabled: bool = setting(
        False,
        label=_("Enabled"),
        hint=_("While this is off, nobody is answered and nothing is marked as read."),
        api="enabled",
    )
    default_agent: str | None = setting(
        None,
        label=_("Default agent"),
        hint=_("Answers whom no other rule gives an agent."),
        api="default_agent_id",
    )
    sticky_minutes: int = setting(
        30,
        label=_("Sticky TTL"),
        hint=_(
            "For so many minutes after the last message an agent keeps the chat "
            "({lowest} to {highest})."
        ),
        numbers=Numbers(
            5,
            120,
            _("Sticky TTL must be {lowest} to {highest} minutes."),
            not_a_number=_("Enter a whole number of minutes."),
        ),
        api="sticky_ttl_minutes",
    )
    ack_emoji: str | None = setting(
        None,
        label=_("Ack emoji"),
        hint=_(
            "The agent reacts with it to each message at once, so that the sender knows it has "
            "arrived."
        ),
        api="ack_emoji",
    )
    # How long a chat must be quiet before its waiting messages are answered together: people
    # write in short lines, and one answer to three of them is better than three.
    gather_ms: int = setting(
        600,
        label=_("Wait for further lines"),
        hint=_(
            "So many seconds a chat must be quiet before its lines are answered together: people "
            "write in short lines. 0 answers each line at once."
        ),
        numbers=Numbers(
            0,
            10_000,
            _("Enter {lowest} to {highest} seconds, for example 0.6."),
            scale=1000,
            digits=1,
        ),
    )
    groups: Groups = setting(
        Groups.IGNORE,
        label=_("Groups"),
        hint=_(
            "Spoken to: somebody mentions this number with @, replies to one of its messages, or "
            "begins with a command or an agent's @name. Only those who may write to it are "
            "answered, and everybody in the group reads the answer."
        ),
        api="groups",
        api_about="In groups: answer nobody, or who speaks to us and may write.",
    )
    # Whether a turn that takes longer than a minute says so once.
    still_working: bool = setting(
        False,
        label=_("Say when an answer takes long"),
        hint=_(
            "An answer that takes longer than a minute is announced with one line, “I'm still "
            "working on it.”"
        ),
    )
    # Whether a conversation near its model's limit is summarised by itself.
    auto_compact: bool = setting(
        False,
        label=_("Summarize long conversations"),
        hint=_(
            "A conversation that nearly fills its model's memory is summarized by itself, which "
            "costs one request. Off, the oldest part is forgotten."
        ),
    )
    # Whether a chat is left to the owner for a while once they wrote in it from their own phone.
    pause_on_own_message: bool = setting(
        True,
        label=_("Pause when I write from my phone"),
        hint=_(
            "When you write in a chat from your own phone, agents leave that chat to you for 30 "
            "minutes. What comes in meanwhile waits; you can resume sooner on the chat's page."
        ),
    )
    # How much one person may ask for. None: no limit.
    messages_per_minute: int | None = setting(
        30,
        label=_("Messages a minute"),
        hint=_(
            "Whoever writes more within a minute is told so once and gets no answer to it. "
            "Empty: no limit."
        ),
        numbers=Numbers(1, 1000, _("Enter {lowest} to {highest}, or nothing for no limit.")),
        section=_LIMITS,
    )
    daily_cost_usd: Decimal | None = setting(
        None,
        label=_("Dollars a day"),
        hint=_(
            "What answers to one person may cost on one day (in UTC), in dollars, as far as prices "
            "are known. Empty: no limit."
        ),
        numbers=Numbers(
            Decimal("0.01"),
            Decimal(10_000),
            _("Enter {lowest} to {highest} dollars, or nothing for no limit."),
            digits=2,
        ),
        section=_LIMITS,
    )
    allow_all: bool = setting(
        False,
        label=_("Allow all"),
        hint=_(
            "Anyone who knows the number may write, allowlist or not. Blocked people stay blocked."
        ),
        warning=_("Strangers can talk to your agents then, and each answer may cost you money."),
        api="allow_all",
    )
    # A stranger's words are not kept unless the owner asked for it: only who, when and how often.
    keep_held_text: bool = setting(
        False,
        label=_("Keep what strangers write"),
        hint=_(
            "Off, DjinnBot remembers who wrote without being allowed, when and how often, but not "
            "what. On, the text is kept too and shown under People held."
        ),
    )
    # The model of agents that name none; it is chosen on the Models page. None: demo/echo.
    default_model: str | None = None

    def __post_init__(self) -> None:
        """Raises `InvalidSetting` or `InvalidEmoji`: no other code needs to check again."""
        for name, numbers in _NUMBERS.items():
            value = getattr(self, name)
            if value is not None and value not in numbers:
                raise InvalidSetting(name, numbers.describe(numbers.refusal))
        if self.ack_emoji is not None:
            parse_emoji(self.ack_emoji)


FIELDS: Mapping[str, Field[Any]] = MappingProxyType({each.name: each for each in fields(Settings)})
ABOUT: Mapping[str, About] = MappingProxyType(
    {name: each.metadata["about"] for name, each in FIELDS.items() if "about" in each.metadata}
)
_NUMBERS = {name: about.numbers for name, about in ABOUT.items() if about.numbers}


def read_setting(name: str, value: Any) -> Any:
    """The value as `Settings` has it, of one that came as JSON, from a form or from SQL: these have
    texts in the place of an enum's members."""
    kind = FIELDS[name].type
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return value


def describe_changes(before: Settings, after: Settings) -> str:
    """`version: 3 → 4, enabled: False → True`, for the audit log."""
    old, new = asdict(before), asdict(after)
    return ", ".join(f"{name}: {old[name]} → {new[name]}" for name in new if old[name] != new[name])


def parse_emoji(text: str) -> str:
    """The text if it is exactly one emoji (skin tones, flags and families count as one)."""
    if not emoji.is_emoji(text):
        raise InvalidEmoji("Use exactly one emoji, for example 👀.")
    return text
