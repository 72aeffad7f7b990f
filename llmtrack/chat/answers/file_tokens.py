"""About how many tokens a file makes in a request."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from llmtrack.chat.answers.prompt import PDF

if TYPE_CHECKING:
    from llmtrack.pricing.tokens import Weights

_PDF_PAGE = 2_000  # tokens; providers state 1,500 to 3,000 a page
_BYTES_PER_PDF_PAGE = 50_000  # where the pages cannot be counted
_BYTES_PER_TOKEN = 4  # of a text file


def pdf_pages(media_type: str, data: bytes) -> int | None:
    """The pages of a PDF; None where they cannot be counted, and for what is none."""
    if media_type != PDF:
        return None
    pages = data.count(b"/Type /Page") + data.count(b"/Type/Page") - data.count(b"/Pages")
    return pages if pages > 0 else None


def file_tokens(media_type: str, size: int, weights: Weights, pages: int | None = None) -> int:
    """An estimate from what is known of a file without its content; `pages` are those of a PDF."""
    if media_type.startswith("image/"):
        return math.ceil(weights.image)
    if media_type == PDF:
        return _PDF_PAGE * (pages or math.ceil(size / _BYTES_PER_PDF_PAGE))
    return math.ceil(size / _BYTES_PER_TOKEN)
