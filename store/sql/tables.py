"""What SQL remembers. Migrations build these tables; a test compares the two."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from core.models.name import NAME_LENGTH
from store.sql.engine import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite numbers rows by itself only where the key is declared INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


# What store/retention.py looks for. SQLite takes a partial index only if it reads the very words.
NEEDLESS_RAW = "state = 'ignored' AND length(raw) > 0"


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index of some rows only: of those that a sweep looks for, see store/retention.py."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _single_row() -> CheckConstraint:
    return CheckConstraint("id = 1", name="single_row")


settings = Table(
    "settings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("default_agent", String(100)),
    Column("sticky_minutes", Integer, nullable=False),
    Column("ack_emoji", String(64)),
    Column("allow_all", Boolean, nullable=False),
    Column("keep_held_text", Boolean, nullable=False),
    Column("gather_ms", Integer, nullable=False),
    Column("default_model", String(NAME_LENGTH)),
    Column("still_working", Boolean, nullable=False, server_default=false()),
    Column("messages_per_minute", Integer),
    Column("daily_cost_usd", Numeric(12, 6)),
    Column("auto_compact", Boolean, nullable=False, server_default=false()),
    Column("pause_on_own_message", Boolean, nullable=False, server_default=true()),
    Column("groups", String(20), nullable=False, server_default="ignore"),
    Column("updated_at", Instant, nullable=False),
    _single_row(),
)

# `fence` is the highest token any connection has had: what an older one still holds, it may not
# send. Redis hands the tokens out, but may forget; this floor does not.
link = Table(
    "link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("phone", String(20)),
    Column("device_name", String(100)),
    Column("linked_at", Instant),
    Column("ended", String(40)),
    Column("ended_at", Instant),
    Column("fence", BigInteger, nullable=False),
    _single_row(),
)

# What the connection went through, for the owner who asks why it was away.
link_events = Table(
    "link_events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("event", String(40), nullable=False),
    Column("fence", BigInteger),
    Column("detail", Text, nullable=False),
    Index(None, "at"),
)

allowlist = Table(
    "allowlist",
    metadata,
    Column("id", Id, primary_key=True),
    Column("pattern", String(100), nullable=False, unique=True),
    Column("label", String(200)),
    Column("agent", String(100)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("phone", String(20), unique=True),
    Column("lid", String(100), unique=True),
    Column("push_name", String(200), nullable=False, default=""),
    Column("blocked_at", Instant),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
)

# One direct chat per person on WhatsApp; groups (channel "group", no person, one chat per address);
# and those that the owner has in the panel (channel "panel", no person). `address` is where the
# last message came from: the same person may write from a phone-number address today and from a
# hidden one tomorrow. The lease is what makes jobs answer one chat one at a time, however many
# processes there are. While it is paused no agent answers: until `paused_until`, or without one
# until the owner resumes it.
chats = Table(
    "chats",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", ForeignKey("people.id"), unique=True),
    Column("channel", String(20), nullable=False, server_default="whatsapp"),
    Column("address", String(100), nullable=False),
    Column("subject", String(200)),  # what a group is called, once WhatsApp has said so
    Column("agent", String(100)),
    Column("sticky_until", Instant),
    Column("lease_owner", String(64)),
    Column("lease_until", Instant),
    Column("last_message_at", Instant),
    Column("paused_at", Instant),
    Column("paused_until", Instant),
    Column("paused_by", String(20)),
    # The newest message that the owner has seen in the panel.
    Column("seen_message_id", Id),
    Index(None, "channel", "last_message_at"),
    Index(
        "uq_chats_group_address",
        "address",
        unique=True,
        sqlite_where=text("channel = 'group'"),
        postgresql_where=text("channel = 'group'"),
    ),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chat_id", ForeignKey("chats.id"), nullable=False),
    Column("agent", String(100), nullable=False),
    Column("model", String(NAME_LENGTH)),
    # What /compact made of the turns up to and including this one.
    Column("summary", Text),
    Column("summary_through", Id),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index(None, "chat_id", "agent", "closed_at"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chat_id", ForeignKey("chats.id"), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id")),
    # Whose messages it answers; NULL in the panel.
    Column("person_id", ForeignKey("people.id")),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("agent", String(100)),
    Column("model", String(NAME_LENGTH)),
    Column("why", String(40)),
    # Agents that would have come first, and why they could not: {"yukihiro": "gone"}.
    Column("passed_over", JSON(none_as_null=True)),
    Column("request", Text, nullable=False),
    Column("reply", Text),
    # The turn's messages as the model saw and gave them, for the next turn's history.
    Column("history", JSON(none_as_null=True)),
    # What we took the turn's first request for; beside the provider's count it shows how good
    # our estimates are.
    Column("estimated_tokens", Integer),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cost_usd", Numeric(12, 6)),
    Column("error_code", String(40)),
    Column("error_detail", Text),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Index(None, "conversation_id", "id"),
    Index(None, "chat_id", "id"),
    Index(None, "chat_id", "state"),
    Index(None, "chat_id", "started_at"),
    Index(None, "person_id", "started_at"),
    Index(None, "state", "error_code"),
    _partial("ix_turns_with_history", "conversation_id", "id", where="history IS NOT NULL"),
    # What answers cost within some hours is read from this alone.
    Index(None, "finished_at", "cost_usd", "output_tokens"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", String(40), nullable=False),
    Column("chat", String(100), nullable=False),
    Column("sender", String(100), nullable=False),
    Column("message_id", String(200), nullable=False),
    Column("place", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("phone", String(20)),
    Column("lid", String(100)),
    Column("push_name", String(200), nullable=False),
    Column("from_me", Boolean, nullable=False),
    Column("quoted_id", String(200)),
    Column("quoted_text", Text),
    Column("target_id", String(200)),
    # In a group: it mentions us, or answers something of ours.
    Column("is_to_us", Boolean, nullable=False, server_default=false()),
    # What else there is to know of a picture, a place, a poll ...: made from `raw` on arrival.
    Column("facts", JSON(none_as_null=True)),
    Column("raw", LargeBinary, nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", String(40)),
    Column("entry_id", Id),
    Column("person_id", ForeignKey("people.id")),
    Column("chat_id", ForeignKey("chats.id")),
    Column("turn_id", ForeignKey("turns.id")),
    Column("sent_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("read_at", Instant),
    Column("answered_at", Instant),
    # The emoji with which we have reacted to it.
    Column("ack_emoji", String(64)),
    # By its sender, on WhatsApp.
    Column("edited_at", Instant),
    Column("deleted_at", Instant),
    UniqueConstraint("account", "chat", "sender", "message_id"),
    Index(None, "state", "id"),
    Index(None, "chat_id", "state", "id"),
    Index(None, "chat_id", "received_at"),
    Index(None, "person_id", "id"),
    Index(None, "chat_id", "id"),
    Index(None, "received_at"),
    Index(None, "reason"),
    Index(None, "target_id"),
    _partial("ix_messages_needless_raw", "id", where=NEEDLESS_RAW),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chat_id", ForeignKey("chats.id")),
    Column("turn_id", ForeignKey("turns.id")),
    Column("send_id", ForeignKey("sends.id")),
    Column("address", String(100), nullable=False),
    Column("agent", String(100)),
    Column("text", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("fence", BigInteger),
    Column("attempts", Integer, nullable=False, default=0),
    Column("possibly_twice", Boolean, nullable=False, default=False),
    Column("wa_id", String(200)),
    Column("error", Text),
    Column("created_at", Instant, nullable=False),
    Column("claimed_at", Instant),
    Column("sent_at", Instant),
    # On the person's phone, as its receipts say.
    Column("delivered_at", Instant),
    Column("read_at", Instant),
    Index(None, "state", "id"),
    Index(None, "chat_id", "id"),
    Index(None, "turn_id"),
    Index(None, "send_id"),
    Index(None, "wa_id"),
    Index(None, "sent_at"),
)

# What a program or an agent asked to have sent: one of these, one or more rows in the outbox.
sends = Table(
    "sends",
    metadata,
    Column("id", Id, primary_key=True),
    Column("api_key_id", ForeignKey("api_keys.id")),
    Column("agent", String(100), nullable=False),
    Column("address", String(100), nullable=False),
    Column("idempotency_key", String(200)),
    Column("request_hash", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("api_key_id", "idempotency_key"),
    _partial("ix_sends_with_key", "id", where="idempotency_key IS NOT NULL"),
)

favourite_models = Table(
    "favourite_models",
    metadata,
    Column("id", Id, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("model", String(NAME_LENGTH), nullable=False, unique=True),
)

owner = Table(
    "owner",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("password_hash", String(200), nullable=False),
    # The second factor: encrypted with the installation's secret; the last time step that was
    # used, so that no code works twice; hashes of the recovery codes that are left.
    Column("totp_secret", Text),
    Column("totp_step", BigInteger),
    Column("recovery_hashes", JSON(none_as_null=True)),
    Column("created_at", Instant, nullable=False),
    _single_row(),
)

# At most one: the hash of the newest one-time set-up link.
setup_links = Table(
    "setup_links",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    _single_row(),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_agent", String(300), nullable=False),
    Column("address", String(100), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("prefix", String(20), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(100), nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "at"),
    Index(None, "actor"),
    Index(None, "action"),
)

# Keys of AI providers, encrypted with the installation's secret.
provider_keys = Table(
    "provider_keys",
    metadata,
    Column("provider", String(40), primary_key=True),
    Column("encrypted", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# The numbers an agent may write to on its own: a number, a prefix or everyone. None by default.
agent_permissions = Table(
    "agent_permissions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("agent", String(100), nullable=False),
    Column("pattern", String(20), nullable=False),
    Column("note", String(200)),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("agent", "pattern"),
)
