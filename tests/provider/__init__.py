"""A fake of the providers' HTTP APIs."""

from tests.provider.answer import DONE, Answer, sse
from tests.provider.server import Provider, Request

__all__ = ["DONE", "Answer", "Provider", "Request", "sse"]
