"""Settings of the HTTP API: how much a token may ask, for how long, and from which pages."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode


class ApiSettings(BaseSettings):
    """The part of the settings that `/api`, `/metrics` and `/mcp` go by; see docs/api.md."""

    api_requests_per_minute: int = Field(default=600, ge=1, le=1_000_000, description="a number of requests")
    """How many requests each token may send in a minute; one more is answered 429 until some time has passed."""
    api_timeout: float = Field(default=20.0, gt=0, le=600, description="seconds, more than 0 and at most 600")
    """How long a question to the API may take before it is given up with a 503."""
    api_allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="addresses such as https://dash.example.com, parted by commas"
    )
    """Other sites whose pages may use the API from a browser (CORS), with a token; none may, if it is empty."""
    metrics_user_names: bool = Field(default=False, description="true or false")
    """Whether `/metrics` has cost and calls by user, whose names a monitor then keeps."""

    @field_validator("api_allowed_origins", mode="before")
    @classmethod
    def _split_api_origins(cls, value: Any) -> Any:
        """A variable is one string: addresses parted by commas."""
        return split_origins(value)


def split_origins(value: Any) -> tuple[str, ...]:
    """Addresses parted by commas, or a list of them. Raises ValueError for one with a path or without a scheme."""
    parts = value.split(",") if isinstance(value, str) else value
    origins = tuple(str(part).strip().rstrip("/") for part in parts if str(part).strip())
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s@]+", origin):
            raise ValueError(f"addresses such as https://llm.example.com, without a path, unlike {origin!r}")
    return origins
