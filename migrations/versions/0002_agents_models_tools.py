"""Keys, permissions, sends by programs, limits, summaries, and chats in the panel.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

from store.sql.engine import Instant

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_permissions",
        sa.Column("id", Id, nullable=False),
        sa.Column("agent", sa.String(length=100), nullable=False),
        sa.Column("pattern", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_permissions")),
        sa.UniqueConstraint("agent", "pattern", name=op.f("uq_agent_permissions_agent_pattern")),
    )
    op.create_table(
        "provider_keys",
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("encrypted", sa.Text(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_keys")),
    )
    op.create_table(
        "sends",
        sa.Column("id", Id, nullable=False),
        sa.Column("api_key_id", Id, nullable=True),
        sa.Column("agent", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=100), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_sends_api_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sends")),
        sa.UniqueConstraint(
            "api_key_id", "idempotency_key", name=op.f("uq_sends_api_key_id_idempotency_key")
        ),
    )
    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("channel", sa.String(length=20), server_default="whatsapp", nullable=False)
        )
        batch_op.alter_column("person_id", existing_type=Id, nullable=True)

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("summary", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("summary_through", Id, nullable=True))

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("send_id", Id, nullable=True))
        batch_op.create_index(batch_op.f("ix_outbox_send_id"), ["send_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_outbox_send_id"), "sends", ["send_id"], ["id"])

    with op.batch_alter_table("settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("default_model", sa.String(length=200), nullable=True))
        batch_op.add_column(
            sa.Column("still_working", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("messages_per_minute", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("daily_cost_usd", sa.Numeric(precision=12, scale=6), nullable=True)
        )
        batch_op.add_column(
            sa.Column("auto_compact", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("estimated_tokens", sa.Integer(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_turns_chat_id_started_at"), ["chat_id", "started_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_turns_state_error_code"), ["state", "error_code"], unique=False
        )

    op.create_index(op.f("ix_messages_reason"), "messages", ["reason"], unique=False)
    op.create_index(op.f("ix_messages_chat_id_received_at"), "messages", ["chat_id", "received_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_messages_chat_id_received_at"), "messages")
    op.drop_index(op.f("ix_messages_reason"), table_name="messages")

    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_turns_state_error_code"))
        batch_op.drop_index(batch_op.f("ix_turns_chat_id_started_at"))
        batch_op.drop_column("estimated_tokens")

    with op.batch_alter_table("settings", schema=None) as batch_op:
        batch_op.drop_column("auto_compact")
        batch_op.drop_column("daily_cost_usd")
        batch_op.drop_column("messages_per_minute")
        batch_op.drop_column("still_working")
        batch_op.drop_column("default_model")

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_outbox_send_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_outbox_send_id"))
        batch_op.drop_column("send_id")

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_column("summary_through")
        batch_op.drop_column("summary")

    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.alter_column("person_id", existing_type=Id, nullable=False)
        batch_op.drop_column("channel")

    op.drop_table("sends")
    op.drop_table("provider_keys")
    op.drop_table("agent_permissions")
