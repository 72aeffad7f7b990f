"""Give each provider one spelling: names by host, by region or with capitals become the one that calls have now."""

from alembic import op

from llmtrack.ledger.database import dialect_of
from llmtrack.ledger.migrations.folding import fold_providers, keep_regions
from llmtrack.pricing.providers import provider_id
from llmtrack.pricing.regions import region_of

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    dialect = dialect_of(connection.engine.url)
    assert dialect is not None
    names = connection.exec_driver_sql("SELECT text FROM name WHERE kind = 'provider'").scalars().all()
    ids = {name: provider_id(name) for name in names}
    # Vertex's regions were such names: without theirs, what is priced later on would be priced as if served anywhere.
    regions = {name: region for name, id in ids.items() if id != name and (region := region_of(id, name)) is not None}
    keep_regions(connection, dialect, regions)
    fold_providers(connection, dialect, ids)
