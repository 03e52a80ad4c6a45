"""The API's JSON, in and out: the field names of the original DjinnBot (docs/glossary.md).

In: types are exact (true is no number, "30" is no number), unknown fields are ignored, and a field
that is missing or null leaves its value as it is. Times are milliseconds since 1970.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    RootModel,
)
from pydantic.alias_generators import to_camel
from pydantic_core import core_schema

from core.admission.allowlist import Entry, Pattern
from core.admission.permission import parse_target
from core.errors import DjinnError
from core.link import Phase
from core.phone import Phone
from core.settings import parse_emoji
from core.states import PieceState
from store.chats.sends import Part, Progress

MESSAGE_LIMIT = 65_536  # characters, as the phone apps allow in one message
LABEL_LIMIT = 200
IDEMPOTENCY_KEY_LIMIT = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Check = Callable[[str], str]


def count_millis(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(milliseconds=1)


def _count_millis(instant: datetime | None) -> int | None:
    return count_millis(instant) if instant else None


def _wrap_check(check: Check) -> Check:
    """Let pydantic see the product's own complaints."""

    def run_check(text: str) -> str:
        try:
            return check(text)
        except DjinnError as error:
            raise ValueError(str(error)) from None

    return run_check


def _make_parser(parse: Check) -> GetPydanticSchema:
    text = core_schema.str_schema(strict=True, max_length=100)
    schema = core_schema.no_info_after_validator_function(_wrap_check(parse), text)
    return GetPydanticSchema(lambda source, handler: schema)


def _check_printable(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("Control characters and line breaks have no place here.")
    return text.strip()


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("The character U+0000 can't be sent.")
    if not text.strip():
        raise ValueError("There is nothing to send.")
    return text


def _check_visible(text: str) -> str:
    if not re.fullmatch(VISIBLE, text):
        raise ValueError(f"Use 1 to {IDEMPOTENCY_KEY_LIMIT} letters, digits and signs, no spaces.")
    return text


def _truth(text: str) -> bool:
    """As a query has it: text."""
    if text not in ("true", "false"):
        raise ValueError("Use true or false.")
    return text == "true"


VISIBLE = f"^[!-~]{{1,{IDEMPOTENCY_KEY_LIMIT}}}$"
PhoneText = Annotated[
    Phone,
    _make_parser(Phone.parse),
    Field(examples=["+15551234567"], json_schema_extra={"format": "phone"}),
]
PatternText = Annotated[
    Pattern,
    _make_parser(Pattern.parse),
    Field(
        description="A number, a prefix such as +1555*, * for everyone, or, for one person whose "
        "number WhatsApp hides, their hidden id: 123456789012345@lid.",
        examples=["+15551234567", "+1555*", "123456789012345@lid"],
        json_schema_extra={"format": "phone-pattern"},
    ),
]
TargetText = Annotated[
    Pattern,
    _make_parser(parse_target),
    Field(examples=["+15551234567", "+1555*"], json_schema_extra={"format": "phone-pattern"}),
]
EmojiOrNothing = Annotated[
    str, AfterValidator(_wrap_check(lambda text: text and parse_emoji(text)))
]
Label = Annotated[str, Field(max_length=LABEL_LIMIT), AfterValidator(_check_printable)]
AgentOrNothing = Annotated[
    str, Field(max_length=100, description="An agent's id; an empty text means none.")
]
Millis = Annotated[int, Field(description="Milliseconds since 1970.")]
MessageText = Annotated[
    str,
    Field(max_length=MESSAGE_LIMIT, json_schema_extra={"minLength": 1}),
    AfterValidator(_storable),
]
# What stands in a header or in the query.
IdempotencyKey = Annotated[
    str, AfterValidator(_check_visible), Field(json_schema_extra={"pattern": VISIBLE})
]
Truth = Annotated[bool, BeforeValidator(_truth)]


class Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        field_title_generator=lambda name, _: to_camel(name),
        validate_by_name=True,
        serialize_by_alias=True,
        strict=True,
        frozen=True,
        extra="ignore",
    )


class Problem(Wire):
    """Why it was refused, in a sentence."""

    detail: str


class Document(RootModel[dict[str, Any]]):
    """An OpenAPI document."""


class QrCode(Wire):
    """What to draw as a QR code. A secret: a phone that scans it links the account."""

    qr: str


class PairingCodeRequest(Wire):
    """The number of the account to link."""

    phone_number: PhoneText


class PairingCode(Wire):
    """Eight characters to type on the phone."""

    code: Annotated[str, Field(examples=["ABCD-1234"])]


class LinkStatus(Wire):
    """`linked` is what is remembered; `phase` and `connected` are what is true at the moment."""

    linked: bool
    phone_number: str | None
    phase: Phase
    connected: bool


class Unlinked(Wire):
    unlinked: bool = True


class AllowlistEntry(Wire):
    """Who may write. `phoneNumber` is a number, a prefix such as +1555*, * for everyone, or the
    hidden id (123456789012345@lid) of one person whose number WhatsApp hides."""

    id: int
    phone_number: str
    label: str | None
    default_agent_id: str | None
    created_at: Millis
    updated_at: Millis

    @classmethod
    def of(cls, entry: Entry) -> "AllowlistEntry":
        return cls(
            id=entry.id,
            phone_number=entry.pattern,
            label=entry.label,
            default_agent_id=entry.agent,
            created_at=count_millis(entry.created_at),
            updated_at=count_millis(entry.updated_at),
        )


class Allowlist(Wire):
    """All entries, the newest first."""

    entries: list[AllowlistEntry]
    total: int


class NewEntry(Wire):
    phone_number: PatternText
    label: Label | None = None
    default_agent_id: AgentOrNothing | None = None


class EntryChange(Wire):
    """Any part of an entry. An empty text clears the label or the default agent."""

    phone_number: PatternText | None = None
    label: Label | None = None
    default_agent_id: AgentOrNothing | None = None


class Removed(Wire):
    status: str = "ok"
    id: int


class NewMessage(Wire):
    """A message in Markdown to a phone number. `urgent` puts "URGENT: " in front of it; with
    `queue` it may wait for a connection that is away."""

    to: PhoneText
    message: MessageText
    urgent: bool = False
    queue: bool = False


class Queued(Wire):
    """`id` is what to ask for the message's state by."""

    status: str = "queued"
    id: int
    agent_id: str


class OutState(StrEnum):
    # `core.states.PieceState` under the name that programs know. A docstring would be published.
    QUEUED = PieceState.QUEUED
    SENDING = PieceState.SENDING
    SENT = PieceState.SENT
    FAILED = PieceState.FAILED
    UNKNOWN = PieceState.UNKNOWN


class MessageChunk(Wire):
    """One of the messages that a long text was cut into. `possiblyTwice`: the connection ended
    while it was being sent, and it was sent again."""

    state: OutState
    error: str | None
    sent_at: Millis | None
    possibly_twice: bool

    @classmethod
    def of(cls, part: Part) -> "MessageChunk":
        return cls(
            state=OutState(part.state),
            error=part.error,
            sent_at=_count_millis(part.sent_at),
            possibly_twice=part.possibly_twice,
        )


class MessageState(Wire):
    """How far a message got: `sent` when all of it was, `failed` when a part of it has failed.
    `unknown`: the connection was lost while it was being sent."""

    id: int
    agent_id: str
    state: OutState
    error: str | None
    sent_at: Millis | None
    chunks: list[MessageChunk]

    @classmethod
    def of(cls, progress: Progress) -> "MessageState":
        return cls(
            id=progress.id,
            agent_id=progress.agent,
            state=OutState(progress.state),
            error=progress.error,
            sent_at=_count_millis(progress.sent_at),
            chunks=[MessageChunk.of(part) for part in progress.parts],
        )
