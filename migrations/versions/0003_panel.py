"""Pauses, receipts, edits, what happened to the connection, and a second factor.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

from store.sql.engine import Instant

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_events",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_events")),
    )
    op.create_index(op.f("ix_link_events_at"), "link_events", ["at"])

    with op.batch_alter_table("settings", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "pause_on_own_message", sa.Boolean(), server_default=sa.true(), nullable=False
            )
        )

    with op.batch_alter_table("owner", schema=None) as batch_op:
        batch_op.add_column(sa.Column("totp_secret", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("recovery_hashes", sa.JSON(), nullable=True))

    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("paused_until", Instant(), nullable=True))
        batch_op.add_column(sa.Column("paused_by", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("seen_message_id", Id, nullable=True))
    op.create_index(
        op.f("ix_chats_channel_last_message_at"), "chats", ["channel", "last_message_at"]
    )

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facts", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("ack_emoji", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("edited_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("deleted_at", Instant(), nullable=True))
    op.create_index(op.f("ix_messages_chat_id_id"), "messages", ["chat_id", "id"])
    op.create_index(op.f("ix_messages_target_id"), "messages", ["target_id"])

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("delivered_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("read_at", Instant(), nullable=True))
    op.create_index(
        op.f("ix_turns_finished_at_cost_usd_output_tokens"),
        "turns",
        ["finished_at", "cost_usd", "output_tokens"],
    )
    op.create_index(op.f("ix_outbox_wa_id"), "outbox", ["wa_id"])
    op.create_index(op.f("ix_outbox_sent_at"), "outbox", ["sent_at"])

    op.create_index(op.f("ix_audit_actor"), "audit", ["actor"])
    op.create_index(op.f("ix_audit_action"), "audit", ["action"])


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_action"), table_name="audit")
    op.drop_index(op.f("ix_audit_actor"), table_name="audit")

    op.drop_index(op.f("ix_turns_finished_at_cost_usd_output_tokens"), table_name="turns")
    op.drop_index(op.f("ix_outbox_sent_at"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_wa_id"), table_name="outbox")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("read_at")
        batch_op.drop_column("delivered_at")

    op.drop_index(op.f("ix_messages_target_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_chat_id_id"), table_name="messages")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("deleted_at")
        batch_op.drop_column("edited_at")
        batch_op.drop_column("ack_emoji")
        batch_op.drop_column("facts")

    op.drop_index(op.f("ix_chats_channel_last_message_at"), table_name="chats")
    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.drop_column("seen_message_id")
        batch_op.drop_column("paused_by")
        batch_op.drop_column("paused_until")
        batch_op.drop_column("paused_at")

    with op.batch_alter_table("owner", schema=None) as batch_op:
        batch_op.drop_column("recovery_hashes")
        batch_op.drop_column("totp_step")
        batch_op.drop_column("totp_secret")

    with op.batch_alter_table("settings", schema=None) as batch_op:
        batch_op.drop_column("pause_on_own_message")

    op.drop_index(op.f("ix_link_events_at"), table_name="link_events")
    op.drop_table("link_events")
