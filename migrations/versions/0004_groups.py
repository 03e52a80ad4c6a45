"""Groups: whether they are answered, whose words a turn answers, and what a group is called.

In a group a turn's person can't be told from its chat any more. A group's chat has no person; its
address makes it one chat, however many processes meet it at the same moment.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IS_GROUP = sa.text("channel = 'group'")


def upgrade() -> None:
    with op.batch_alter_table("settings", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("groups", sa.String(length=20), server_default="ignore", nullable=False)
        )

    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.add_column(sa.Column("subject", sa.String(length=200), nullable=True))
    # What an earlier downgrade left of groups.
    op.execute(
        "UPDATE chats SET channel = 'group' WHERE channel = 'whatsapp' AND person_id IS NULL"
    )
    op.create_index(
        "uq_chats_group_address",
        "chats",
        ["address"],
        unique=True,
        sqlite_where=IS_GROUP,
        postgresql_where=IS_GROUP,
    )

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_to_us", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_id", Id, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_turns_person_id"), "people", ["person_id"], ["id"]
        )
    op.execute(
        "UPDATE turns SET person_id = (SELECT person_id FROM chats WHERE chats.id = turns.chat_id)"
    )
    op.create_index(op.f("ix_turns_person_id_started_at"), "turns", ["person_id", "started_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_turns_person_id_started_at"), table_name="turns")
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_turns_person_id"), type_="foreignkey")
        batch_op.drop_column("person_id")

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("is_to_us")

    op.drop_index("uq_chats_group_address", table_name="chats")
    # Version 0003 knows no such channel; a chat without a person is shown nowhere.
    op.execute("UPDATE chats SET channel = 'whatsapp' WHERE channel = 'group'")
    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.drop_column("subject")

    with op.batch_alter_table("settings", schema=None) as batch_op:
        batch_op.drop_column("groups")
