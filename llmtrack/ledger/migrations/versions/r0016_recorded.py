"""Keep which generations were recorded over HTTP under an id of the sender's, so that each counts once."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table("recorded", sa.Column("digest", number, primary_key=True, autoincrement=False))
