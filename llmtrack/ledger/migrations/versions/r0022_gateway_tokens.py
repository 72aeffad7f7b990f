"""Keep for which feature a token's calls are, and which models it and its team may use."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_token", sa.Column("feature", sa.String(), nullable=True))
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    for table in ("api_token", "team"):
        op.add_column(table, sa.Column("models", json, nullable=True))
