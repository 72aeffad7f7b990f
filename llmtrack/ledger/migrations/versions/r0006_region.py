"""Keep where a call was served, which earlier versions put into the service tier (``standard@us``)."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("generation", sa.Column("region", sa.Integer(), nullable=True))
    connection = op.get_bind()
    tiers = connection.execute(
        sa.text("SELECT id, text FROM name WHERE kind = 'service_tier' AND text LIKE '%@%'")
    ).fetchall()
    for id, text in tiers:
        tier, _, region = text.partition("@")
        changes = {"tier": _word(connection, "service_tier", tier), "region": _word(connection, "region", region)}
        moved = "UPDATE generation SET service_tier = :tier, region = :region WHERE service_tier = :id"
        connection.execute(sa.text(moved), {**changes, "id": id})
        connection.execute(sa.text("DELETE FROM name WHERE id = :id"), {"id": id})
    if tiers:
        connection.execute(sa.text("UPDATE state SET value = value + 1 WHERE key = 'names'"))


def _word(connection: sa.Connection, kind: str, text: str) -> int:
    """The number of a word, which is made where there is none."""
    word = {"kind": kind, "text": text}
    number = connection.execute(sa.text("SELECT id FROM name WHERE kind = :kind AND text = :text"), word).scalar()
    if number is not None:
        return int(number)
    of_sequence = "SELECT nextval('name_ids')"
    sql = "SELECT max(id) + 1 FROM name" if connection.dialect.name == "sqlite" else of_sequence
    id = connection.execute(sa.text(sql)).scalar_one()
    connection.execute(sa.text("INSERT INTO name (id, kind, text) VALUES (:id, :kind, :text)"), {**word, "id": id})
    return int(id)
