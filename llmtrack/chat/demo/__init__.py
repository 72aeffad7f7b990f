"""The simulated provider: needs no key, answers both wire dialects inside this process, and says what it is.

It sits behind the real SDK clients as their HTTP transport, so everything above the socket is the real thing: the SDK,
its retries and errors, capture, pricing, the ledger. Its answers depend on the request alone; its pace and its demo
price are stated. Cost counted on it is marked simulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.chat.demo.http_clients import async_http_client as async_http_client
    from llmtrack.chat.demo.http_clients import http_client as http_client
    from llmtrack.chat.demo.simulated_models import CONTEXT as CONTEXT
    from llmtrack.chat.demo.simulated_models import KEY as KEY
    from llmtrack.chat.demo.simulated_models import MODELS as MODELS
    from llmtrack.chat.demo.simulated_models import PROVIDER as PROVIDER
    from llmtrack.chat.demo.simulated_models import DemoModel as DemoModel

_HOMES = {
    "CONTEXT": "simulated_models",
    "DemoModel": "simulated_models",
    "KEY": "simulated_models",
    "MODELS": "simulated_models",
    "PROVIDER": "simulated_models",
    "async_http_client": "http_clients",
    "http_client": "http_clients",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
