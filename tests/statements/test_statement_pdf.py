"""The PDF of a statement, read back and drawn: its sums, its pages, and names that try to break it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from llmtrack.billing.amounts import ExchangeRate
from llmtrack.billing.statements import Statement
from llmtrack.billing.statements.content import Adjustment, Line, ModelTotal, digest
from llmtrack.billing.statements.files import as_csv
from llmtrack.billing.statements.pdf import as_pdf
from llmtrack.ledger.errors import LedgerError

DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
PRICE = {
    "source": "genai-prices", "version": "2026-11-24", "provider": "openai", "model": "gpt-5", "tier": "standard",
    "above": 0, "adjustment": None, "rates": {"input": "1.25", "cache_read": "0.125", "output": "10", "cache_write": "2", "web_search": "10"},
}  # fmt: skip


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def line(model: str, cost: str, **given: Any) -> Line:
    quantities = {"input_tokens": 131_092, "cache_read_tokens": 20_000, "output_tokens": 38_414}
    values: dict[str, Any] = {
        "provider": "openai", "model": model, "cost_status": "exact", "price": PRICE, "calls": 33, "messages": 33,
        "quantities": quantities, "parts": {"input": D(cost), "cache_read": D(0)}, "cost": D(cost),
    }  # fmt: skip
    return Line(**values | given)


def statement(lines: list[Line], **given: Any) -> Statement:
    values: dict[str, Any] = {
        "number": 0x5F2A19C3E0401A7, "user_id": "alice", "users": ("alice",), "since": micros("2026-10-15T00:00"),
        "until": micros("2026-11-15T00:00"), "timezone": "UTC", "issued_at": micros("2026-11-16T09:30"),
        "issued_by": "ada", "lines": tuple(lines),
        "models": tuple(ModelTotal(entry.provider, entry.model, entry.calls, 0, entry.cost) for entry in lines),
        "not_billed": 2, "simulated_calls": 0, "simulated_cost": D(0), "percent": D(0),
    }  # fmt: skip
    return Statement(**values | given)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    pages = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    return "\n".join(" ".join(page.split()) for page in pages)


def usual() -> Statement:
    lines = [line("gpt-5", "0.532800519"), line("claude-sonnet-4-5", "0.9575", cost_status="estimated")]
    models = (
        *(ModelTotal("openai", entry.model, entry.calls, 0, entry.cost) for entry in lines),
        ModelTotal("ollama", "in-house-8b", 6, 6, D(0)),
    )
    september = (micros("2026-09-15T00:00"), micros("2026-10-15T00:00"), "UTC")
    changes = (Adjustment(0x5E00000000001A7, *september, "openai", "gpt-5", -1, D("-0.01"), D(10)),)
    rate = ExchangeRate("EUR", 2026 * 12 + 10, D("0.9217"), "ada", 0)
    return statement(
        lines, models=models, percent=D(10), adjustments=changes, currency="EUR", month=rate.month, rate=rate
    )


def test_a_statement_can_be_read_and_its_sums_add_up_on_paper() -> None:
    made = usual()
    content = digest(made.encode())
    text = text_of(as_pdf(made, content))
    for amount in ("$0.532800519", "$0.957500000", "$1.490300519", "$0.149030052"):
        assert amount in text
    assert "-1 -$0.010000000 -$0.011000000" in text
    assert "Total in US dollars $1.628330571" in text  # 1.490300519 + 0.149030052 - 0.011
    assert "Total in EUR 1.50" in text
    assert "1 US dollar = 0.9217 EUR in 2026-11, entered by ada." in text
    assert "15 October 2026 to 14 November 2026 (UTC)" in text
    assert "genai-prices 2026-11-24 · gpt-5 · standard · cache read $0.125, input $1.25, output $10" in text
    assert "in-house-8b no price was known; in no amount 6 unknown" in text
    assert f"S-5F2A19C3E0401A7 · SHA-256 of its content: {content}" in text


def test_the_same_statement_is_the_same_file() -> None:
    assert as_pdf(usual(), "0" * 64) == as_pdf(usual(), "0" * 64)
    assert as_csv(usual(), "0" * 64) == as_csv(usual(), "0" * 64)


def test_it_needs_no_font_that_a_viewer_may_lack() -> None:
    """Where Symbol is missing, a minus taken from it is not drawn."""
    assert b"/BaseFont /Helvetica" in as_pdf(usual(), "0" * 64)
    assert b"/BaseFont /Symbol" not in as_pdf(usual(), "0" * 64)


def test_it_is_drawn_within_the_page() -> None:
    page = pypdfium2.PdfDocument(as_pdf(usual(), "0" * 64))[0]
    picture = page.render(scale=1).to_pil().convert("L")
    ink = picture.point(lambda value: 255 if value < 200 else 0).getbbox()
    width, height = picture.size
    assert ink[0] > 40
    assert ink[2] < width - 40
    assert ink[1] > 30
    assert ink[3] < height - 20


HOSTILE = {
    "markup": "<b>bold</b>&amp;<a href='http://x'>y</a><para>",
    "turned around": "gpt-\u202eo4",
    "lines": "a\nb\r\tc\x00d",
    "formula": "=HYPERLINK(\"http://x\")",
    "long": "W" * 5_000,
    "without spaces": "claude-" + "x" * 115,
    "chinese": "林美玲",
    "emoji": "👩‍💻",
    "surrogate": "bad\udce9",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_printed_as_text_and_hides_nothing(name: str) -> None:
    made = statement([line(name, "0.5")], user_id=name, users=(name,), issued_by=name)
    pdf = as_pdf(made, digest(made.encode()))
    text = text_of(pdf)
    assert "Total in US dollars $0.50" in text
    assert not any(letter in text for letter in "\u202e\x00")
    page = pypdfium2.PdfDocument(pdf)[0]
    ink = page.render(scale=1).to_pil().convert("L").point(lambda value: 255 if value < 200 else 0).getbbox()
    assert ink[2] < page.get_width() - 40
    assert len(pypdfium2.PdfDocument(pdf)) <= 2


def test_letters_that_are_not_printed_are_written_as_numbers() -> None:
    text = text_of(as_pdf(statement([line("林\u202e", "0.5")]), "0" * 64))
    assert "U+6797 U+202E" in text


def test_html_in_a_name_stays_what_it_is() -> None:
    assert "<b>bold</b>&amp;" in text_of(as_pdf(statement([line("<b>bold</b>&amp;", "0.5")]), "0" * 64))


@pytest.mark.skipif(not DEJAVU.exists(), reason="there is no DejaVu font on this machine")
def test_with_a_font_that_has_them_other_letters_are_printed() -> None:
    assert "Łukasz Ωmega Журавль" in text_of(as_pdf(statement([line("Łukasz Ωmega Журавль", "0.5")]), "0" * 64, DEJAVU))


def test_a_font_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"not a font")
    with pytest.raises(LedgerError, match="LLMTRACK_STATEMENT_FONT cannot be used"):
        as_pdf(usual(), "0" * 64, tmp_path / "font.ttf")


def test_a_long_statement_repeats_its_heads_and_numbers_its_pages() -> None:
    pdf = as_pdf(statement([line(f"model-{n}", "0.000000001") for n in range(60)]), "0" * 64)
    pages = text_of(pdf).split("\n")
    assert len(pages) > 1
    assert all("Model and price" in page for page in pages[:-1])
    assert all(f"{n} of {len(pages)}" in page for n, page in enumerate(pages, start=1))
    assert "Total in US dollars $0.000000060" in pages[-1]


def test_a_csv_cell_is_never_run_as_a_formula() -> None:
    assert "'=HYPERLINK" in as_csv(statement([line(HOSTILE["formula"], "0.5")]), "0" * 64).decode("utf-8-sig")
