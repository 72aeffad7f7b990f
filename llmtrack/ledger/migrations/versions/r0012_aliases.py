"""Keep which user ids questions count as another's, and who was invited before their first sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_alias",
        sa.Column("app_user", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("merged_into", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("merged_at", sa.BigInteger(), nullable=False),
        sa.Column("merged_by", sa.String(), nullable=False),
    )
    op.create_index("user_alias_target", "user_alias", ["target"])
    op.create_table(
        "invitation",
        sa.Column("address", sa.String(), primary_key=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("team", sa.BigInteger(), nullable=True),
        sa.Column("invited_at", sa.BigInteger(), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=True),
    )
    op.execute("INSERT INTO state (key, value) VALUES ('aliases', 0) ON CONFLICT DO NOTHING")
