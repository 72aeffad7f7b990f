"""Keep what a generation said about its cost before it was priced later on, so that this can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "repriced",
        sa.Column("run", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("generation", number, primary_key=True, autoincrement=False),
        sa.Column("cost_reason", sa.Integer(), nullable=True),
        sa.Column("usage_details", sa.String(), nullable=True),
    )
