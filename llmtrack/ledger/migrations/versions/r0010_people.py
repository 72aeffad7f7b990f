"""Keep who is who: people, the user ids that are theirs, teams, memberships, and tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    op.create_table(
        "person",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False, unique=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("groups", json, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_in_at", sa.BigInteger(), nullable=False),
        sa.Column("sessions_from", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("person_subject", "person", ["issuer", "subject"], unique=True)
    op.create_table(
        "person_user_id",
        sa.Column("user_id", sa.String(), primary_key=True),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("person_user_id_person", "person_user_id", ["person"])
    op.create_table(
        "team",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(), nullable=False, unique=True),
        sa.Column("from_group", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "membership",
        sa.Column("team", number, primary_key=True, autoincrement=False),
        sa.Column("person", number, primary_key=True, autoincrement=False),
        sa.Column("leads", sa.SmallInteger(), nullable=False),
        sa.Column("from_claims", sa.SmallInteger(), nullable=False),
    )
    op.create_index("membership_person", "membership", ["person"])
    op.create_table(
        "api_token",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(), nullable=False, unique=True),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("team", sa.BigInteger(), nullable=True),
        sa.Column("service", sa.String(), nullable=True),
        sa.Column("scopes", json, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
    )
    op.create_index("api_token_person", "api_token", ["person"])
