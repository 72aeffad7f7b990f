"""Find the chat's messages in every script, share conversations by a link, and let teams search the web or not."""

import sqlalchemy as sa
from alembic import op

from llmtrack.ledger.database import dialect_of
from llmtrack.ledger.database.terms import terms_of
from llmtrack.statuses import IN_FLIGHT

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_INDEX = "message_search"


def upgrade() -> None:
    connection = op.get_bind()
    dialect = dialect_of(connection.engine.url)
    assert dialect is not None
    op.add_column("team", sa.Column("web_search", sa.SmallInteger(), server_default="1", nullable=False))
    op.create_table(
        "chat_share",
        sa.Column("token", sa.String(), primary_key=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("app_user", sa.Integer(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("chat_share_conversation", "chat_share", ["conversation_id"])
    dialect.clear_search(connection, _INDEX)
    message = sa.table("message", sa.column("id"), sa.column("content", sa.JSON), sa.column("status"))
    last = 0
    while rows := connection.execute(
        sa.select(message).where(message.c.id > last).order_by(message.c.id).limit(_AT_ONCE)
    ).fetchall():
        last = rows[-1].id
        settled = [(row.id, terms_of(_text(row.content or []))) for row in rows if row.status not in IN_FLIGHT]
        indexed = [(id, dialect.indexed_text(terms)) for id, terms in settled if terms]
        if indexed:
            connection.exec_driver_sql(dialect.search_insert_sql(_INDEX), indexed)


def _text(content: list[dict[str, object]]) -> str:
    return " ".join(str(part.get("content", "")) for part in content if part.get("type") == "text")
