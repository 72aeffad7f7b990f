"""Keep the hours of users of sealed days only: they are nearly as many as the rows, which tell the same."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM rollup_user_hour WHERE slot >= 24 * (SELECT coalesce(max(day), -1) + 1 FROM sealed_day)")
