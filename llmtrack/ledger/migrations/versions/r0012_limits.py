"""Keep limits: what may be used, what has been used of it, and what calls under way hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    op.create_table(
        "usage_limit",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("hard", sa.SmallInteger(), nullable=False),
        sa.Column("thresholds", json, nullable=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("unpriced", sa.String(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=True),
        sa.Column("unbounded", sa.String(), nullable=False),
        sa.Column("unavailable", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("anchor_day", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "limit_adjustment",
        sa.Column("limit_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("raised_to", sa.BigInteger(), nullable=True),
        sa.Column("raised_until", sa.BigInteger(), nullable=True),
        sa.Column("reset_at", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "limit_counter",
        sa.Column("limit_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("period", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.create_table(
        "limit_charge",
        sa.Column("generation", number, primary_key=True, autoincrement=False),
        sa.Column("limit_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "holder",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("lock", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "hold",
        sa.Column("limit_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("period", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("call_id", number, primary_key=True, autoincrement=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.SmallInteger(), nullable=False),
        sa.Column("holder", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.String(), nullable=True),
    )
    op.create_index("hold_call", "hold", ["call_id"])
    op.create_index("hold_holder", "hold", ["holder"])
    op.create_table(
        "hold_ended",
        sa.Column("call_id", number, primary_key=True, autoincrement=False),
        sa.Column("generation", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
