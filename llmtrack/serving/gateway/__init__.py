"""The gateway: requests of any program to models, passed on byte for byte, recorded and held to limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.serving.gateway.client import close as close
    from llmtrack.serving.gateway.gateway import Gateway as Gateway
    from llmtrack.serving.gateway.middleware import GatewayMiddleware as GatewayMiddleware
    from llmtrack.serving.gateway.standalone import application as application
    from llmtrack.serving.gateway.standalone import serve as serve
    from llmtrack.serving.gateway.upstreams import missing_keys as missing_keys
    from llmtrack.serving.gateway.warm_up import warm_up_if_used as warm_up_if_used

_HOMES = {
    "Gateway": "gateway",
    "GatewayMiddleware": "middleware",
    "application": "standalone",
    "close": "client",
    "missing_keys": "upstreams",
    "serve": "standalone",
    "warm_up_if_used": "warm_up",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
