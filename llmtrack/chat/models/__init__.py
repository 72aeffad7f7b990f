"""Models that can be chosen: the catalog, what they cost, and the clients that reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.chat.models.catalog import Catalog as Catalog
    from llmtrack.chat.models.catalog import get_catalog as get_catalog
    from llmtrack.chat.models.model import Model as Model
    from llmtrack.chat.models.model import ProviderModels as ProviderModels
    from llmtrack.chat.models.prices import cost_of as cost_of
    from llmtrack.chat.models.prices import price_of as price_of
    from llmtrack.chat.models.prices import pricer_for as pricer_for

_HOMES = {
    "Catalog": "catalog",
    "Model": "model",
    "ProviderModels": "model",
    "cost_of": "prices",
    "get_catalog": "catalog",
    "price_of": "prices",
    "pricer_for": "prices",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
