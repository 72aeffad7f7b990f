"""Keep the hours of groups of sealed days only, like those of users: they are nearly as many as the rows."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM rollup_group_hour WHERE slot >= 24 * (SELECT coalesce(max(day), -1) + 1 FROM sealed_day)")
