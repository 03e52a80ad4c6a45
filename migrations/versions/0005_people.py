"""An allowlist entry may be a person whose number WhatsApp hides: their id is longer than a number.
A turn tells which agents it passed over. What has lost its value is found quickly, to be let go of.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("allowlist", schema=None) as batch_op:
        batch_op.alter_column("pattern", type_=sa.String(100), existing_type=sa.String(20))
    op.add_column("turns", sa.Column("passed_over", sa.JSON(), nullable=True))
    for name, table, columns, which in _PARTIAL:
        where = sa.text(which)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, table, _, _ in reversed(_PARTIAL):
        op.drop_index(name, table_name=table)
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.drop_column("passed_over")
    # The older version knows nobody by such an id, and has no room for it.
    op.execute("DELETE FROM allowlist WHERE pattern LIKE '%@lid'")
    with op.batch_alter_table("allowlist", schema=None) as batch_op:
        batch_op.alter_column("pattern", type_=sa.String(20), existing_type=sa.String(100))


_PARTIAL = (
    ("ix_messages_needless_raw", "messages", ["id"], "state = 'ignored' AND length(raw) > 0"),
    ("ix_sends_with_key", "sends", ["id"], "idempotency_key IS NOT NULL"),
    ("ix_turns_with_history", "turns", ["conversation_id", "id"], "history IS NOT NULL"),
)
