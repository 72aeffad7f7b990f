"""Give the ledger an id of its own, and keep the addresses at which it was opened."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_id",
        sa.Column("address", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )
