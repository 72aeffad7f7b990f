"""What an answer says: pure functions from the bytes of a call to a `Reading`, one dialect per kind of endpoint.

No SDK is imported and nothing here raises: what cannot be read stays unknown and is noted.
"""

from __future__ import annotations

from llmtrack.capture.exchange import ErrorSeen, Exchange
from llmtrack.capture.readers.event_stream import unpack
from llmtrack.capture.readers.outlines import Outline, outline
from llmtrack.capture.readers.parsed_response import Reading
from llmtrack.capture.readers.reader import READERS, parse, read

__all__ = ["READERS", "ErrorSeen", "Exchange", "Outline", "Reading", "outline", "parse", "read", "unpack"]
