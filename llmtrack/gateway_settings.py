"""Settings of the gateway: where it is reached, how long it waits, and how much it takes."""

from __future__ import annotations

import re

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class GatewaySettings(BaseSettings):
    """The part of the settings that `/openai/v1`, `/anthropic/v1` and their kin go by; see docs/gateway.md."""

    gateway: bool = Field(default=True, description="true or false")
    """Whether the app serves the gateway beside its pages; `llmtrack gateway` serves it either way."""
    gateway_address: str | None = Field(
        default=None, description="an address such as https://gateway.example.com, without a path"
    )
    """Where programs reach the gateway, if that is not where people open the app."""
    gateway_connect_timeout: float = Field(
        default=10.0, gt=0, le=600, description="seconds, more than 0 and at most 600"
    )
    """How long the gateway tries to reach a provider."""
    gateway_silence_timeout: float = Field(default=600.0, gt=0, le=86_400, description="seconds, more than 0")
    """How long a provider may send nothing, before or within an answer, until the gateway gives it up."""
    gateway_max_request_mb: float = Field(default=64.0, gt=0, le=1024, description="megabytes, more than 0")
    """How large a request may be; a larger one is answered 413."""
    gateway_max_answer_mb: float = Field(default=256.0, gt=0, le=1024, description="megabytes, more than 0")
    """How large an answer may become; a larger one is broken off, and booked as far as it was seen."""
    gateway_rate_limit_headers: bool = Field(default=False, description="true or false")
    """Pass on the provider's rate-limit headers, which describe the installation's key rather than the caller's."""

    @field_validator("gateway_address")
    @classmethod
    def _check_gateway_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = value.strip().rstrip("/")
        if not re.fullmatch(r"https?://[^/\s@]+", address):
            raise ValueError("an address such as https://gateway.example.com, without a path")
        return address
