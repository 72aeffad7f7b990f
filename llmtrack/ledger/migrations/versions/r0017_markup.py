"""Keep the markup with which a limit counts, and the SHA-256 of a statement's PDF, so that a changed one is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Limits that were set before count list dollars until they are set again; of statements issued before nobody can
    # tell any more.
    op.add_column("usage_limit", sa.Column("markup_percent", sa.String(), nullable=True))
    op.add_column("statement", sa.Column("pdf_digest", sa.String(), nullable=True))
