"""Give each model and feature a slot among the colours of charts, in the order they were first recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("name", sa.Column("slot", sa.Integer(), nullable=True))
    connection = op.get_bind()
    # Names have their numbers in the order of being recorded. Totals have every model and feature that a row counts
    # for, also of rows that are gone.
    for kind, column in (("model", "model"), ("feature", "feature")):
        counted = sa.text(
            f"SELECT id FROM name WHERE kind = '{kind}' AND id IN (SELECT {column} FROM rollup_feature_day) ORDER BY id"
        )
        for slot, (id,) in enumerate(connection.execute(counted).fetchall(), 1):
            connection.execute(sa.text("UPDATE name SET slot = :slot WHERE id = :id"), {"slot": slot, "id": id})
