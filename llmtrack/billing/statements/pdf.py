"""The statement as PDF, drawn by ReportLab: one letter, as many pages as it needs."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from llmtrack.billing.statements.content import Line, Statement
from llmtrack.billing.statements.files import places, printed_number, rate_sentence
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.periods import from_micros

INK, MUTED, LINE = colors.HexColor("#11191c"), colors.HexColor("#57666d"), colors.HexColor("#dde3e6")
LONGEST = 120
"""Letters of a name that are printed; the CSV has all of them."""
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PADDING = 6
"""Points, that ReportLab leaves free on either side of what it sets."""
_FONT = "llmtrack-statement"
_MINUS = "\N{MINUS SIGN}"


def as_pdf(statement: Statement, digest: str, font: Path | None = None) -> bytes:
    """The PDF's bytes, which depend on nothing but the statement and the font.

    Letters that the font lacks are printed as ``U+6797``; without `font` it is Helvetica, which has Latin ones. Raises
    `LedgerError` where `font` is no TrueType file.
    """
    paper = _Paper(font)
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=A4, leftMargin=_MARGIN - _PADDING, rightMargin=_MARGIN - _PADDING, topMargin=_MARGIN,
        bottomMargin=24 * mm,
        title=f"Statement {printed_number(statement.number)}", author="llmtrack", invariant=1,
    )  # fmt: skip
    story = [
        *_head(paper, statement),
        Spacer(1, 6 * mm),
        *_lines(paper, statement),
        *_adjustments(paper, statement),
        KeepTogether([Spacer(1, 4 * mm), _sums(paper, statement), Spacer(1, 5 * mm), *_notes(paper, statement)]),
    ]
    footer = f"Statement {printed_number(statement.number)} \N{MIDDLE DOT} SHA-256 of its content: {digest}"
    document.build(story, canvasmaker=lambda *given, **more: _Numbered(footer, paper.regular, *given, **more))
    return target.getvalue()


class _Paper:
    """The fonts, and what turns text into paragraphs of them."""

    def __init__(self, font: Path | None) -> None:
        self.regular, self.bold = "Helvetica", "Helvetica-Bold"
        self._has: Callable[[str], bool] = _is_latin
        if font is not None:
            try:
                face = TTFont(_FONT, str(font))
            except (TTFError, OSError) as error:
                raise LedgerError(f"LLMTRACK_STATEMENT_FONT cannot be used: {error}. Name a .ttf file.") from error
            pdfmetrics.registerFont(face)
            glyphs = face.face.charToGlyph
            self.regular = self.bold = _FONT
            self._has = lambda letter: ord(letter) in glyphs

    def text(self, text: str, *, size: float = 9, bold: bool = False, muted: bool = False, right: bool = False) -> Any:
        """A paragraph of text from anywhere."""
        style = ParagraphStyle(
            "", fontName=self.bold if bold else self.regular, fontSize=size, leading=size * 1.3,
            textColor=MUTED if muted else INK, alignment=TA_RIGHT if right else 0, splitLongWords=1,
        )  # fmt: skip
        return Paragraph(escape(self.printable(text)), style)

    def printable(self, text: str) -> str:
        """`text` with every letter that cannot be printed, or turns others around, written as its number."""
        cut = text if len(text) <= LONGEST * 4 else text[: LONGEST * 4] + "..."
        return "".join(letter if self._shows(letter) else self._instead(letter) for letter in cut)

    @staticmethod
    def _instead(letter: str) -> str:
        """For a letter that cannot be printed. A minus becomes a hyphen: ReportLab takes it from the font Symbol, which
        not every viewer has, and a credit without its minus is a charge."""
        return "-" if letter == _MINUS else f"U+{ord(letter):04X} "

    def name(self, text: str) -> str:
        """A name from data, cut where it is longer than any sensible one."""
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."

    def _shows(self, letter: str) -> bool:
        return letter == " " or (unicodedata.category(letter)[0] not in "CZ" and self._has(letter))


def _is_latin(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


class _Numbered(Canvas):  # type: ignore[misc]
    """A canvas that writes the digest and ``page of pages`` below every page."""

    def __init__(self, footer: str, font: str, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._footer, self._font = footer, font
        self._pages: list[Mapping[str, Any]] = []

    def showPage(self) -> None:
        """Keeps the page until their number is known."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Writes all pages with their footers."""
        for page, state in enumerate(self._pages, start=1):
            self.__dict__.update(state)
            self.setFont(self._font, 7)
            self.setFillColor(MUTED)
            self.drawString(_MARGIN, 12 * mm, self._footer)
            self.drawRightString(A4[0] - _MARGIN, 12 * mm, f"{page} of {len(self._pages)}")
            super().showPage()
        super().save()


def _head(paper: _Paper, statement: Statement) -> list[Any]:
    period = statement.period
    last = from_micros(statement.until - 1, statement.timezone)
    issued = from_micros(statement.issued_at, statement.timezone)
    facts = [
        ("For", paper.name(statement.user_id)),
        ("Billing cycle", f"{_day(period.since)} to {_day(last)} ({statement.timezone})"),
        ("Number", printed_number(statement.number)),
        ("Issued", f"{_day(issued)}, {issued:%H:%M} by {paper.name(statement.issued_by)}"),
    ]
    others = [user for user in statement.users if user != statement.user_id]
    if others:
        facts.insert(1, ("User ids", paper.name(", ".join((statement.user_id, *others)))))
    left = Table(
        [[paper.text(label, muted=True), paper.text(value)] for label, value in facts],
        colWidths=[26 * mm, _WIDTH * 0.62 - 26 * mm],
        style=_plain(),
    )
    charged = f"${statement.total.quantize(Decimal('0.01')):,}" if statement.total >= 0 else _amount(statement.total, 2)
    right: list[Any] = [
        paper.text("Total", muted=True, right=True),
        paper.text(charged, size=22, bold=True, right=True),
    ]
    if statement.converted is not None:
        right.append(paper.text(f"{statement.converted:,} {statement.currency}", size=11, right=True))
    return [
        paper.text("Statement of model usage", size=17, bold=True),
        Spacer(1, 5 * mm),
        Table([[left, right]], colWidths=[_WIDTH * 0.62, _WIDTH * 0.38], style=_plain()),
    ]


def _lines(paper: _Paper, statement: Statement) -> list[Any]:
    decimals = places(statement)
    heads = ["Model and price", "Calls", "Tokens in", "From cache", "Tokens out", "Cost"]
    rows = [[paper.text(head, size=8, muted=True, right=at > 0) for at, head in enumerate(heads)]]
    for line in statement.lines:
        cached = line.quantities.get("cache_read_tokens", 0)
        counts = [line.calls, line.quantities.get("input_tokens", 0), cached, line.quantities.get("output_tokens", 0)]
        rows.append(
            [
                [
                    paper.text(paper.name(line.model or "unknown model"), bold=True),
                    paper.text(_price_text(paper, line), size=7.5, muted=True),
                ],
                *(paper.text(f"{count:,}", right=True) for count in counts),
                paper.text(_amount(line.cost, decimals), right=True),
            ]
        )
    for model in statement.models:
        if model.unpriced:
            name = [paper.text(paper.name(model.model or "unknown model"), bold=True),
                    paper.text("no price was known; in no amount", size=7.5, muted=True)]  # fmt: skip
            empty = paper.text("")
            rows.append([name, paper.text(f"{model.unpriced:,}", right=True), empty, empty, empty,
                         paper.text("unknown", right=True, muted=True)])  # fmt: skip
    if len(rows) == 1:
        return [paper.text("Nothing was used in this cycle.", muted=True)]
    widths = [_WIDTH - 108 * mm, 14 * mm, 21 * mm, 21 * mm, 19 * mm, 33 * mm]
    return [Table(rows, colWidths=widths, repeatRows=1, style=_ruled())]


def _adjustments(paper: _Paper, statement: Statement) -> list[Any]:
    if not statement.adjustments:
        return []
    decimals = places(statement)
    heads = ["Adjustment of an earlier statement", "Calls", "List price", "With markup"]
    rows: list[list[Any]] = [[paper.text(head, size=8, muted=True, right=at > 0) for at, head in enumerate(heads)]]
    for entry in statement.adjustments:
        first, last = from_micros(entry.since, entry.timezone), from_micros(entry.until - 1, entry.timezone)
        why = "recorded later" if entry.calls > 0 else ("no longer counted" if entry.calls < 0 else "priced anew")
        about = f"{printed_number(entry.statement)}, {_day(first)} to {_day(last)}: {why}"
        rows.append(
            [
                [
                    paper.text(paper.name(entry.model or "unknown model"), bold=True),
                    paper.text(about, size=7.5, muted=True),
                ],
                paper.text(f"{entry.calls:+,}".replace("-", _MINUS) if entry.calls else "", right=True),
                paper.text(_amount(entry.cost, decimals), right=True),
                paper.text(_amount(entry.amount, decimals), right=True),
            ]
        )  # fmt: skip
    return [
        Spacer(1, 6 * mm),
        Table(rows, colWidths=[_WIDTH - 86 * mm, 20 * mm, 33 * mm, 33 * mm], repeatRows=1, style=_ruled()),
    ]


def _sums(paper: _Paper, statement: Statement) -> Table:
    decimals = places(statement)
    rows = [("List price", _amount(statement.list_total, decimals))]
    if statement.percent:
        rows.append((f"Markup of {format(statement.percent.normalize(), 'f')} %", _amount(statement.markup, decimals)))
    if statement.adjustments:
        rows.append(("Adjustments", _amount(statement.adjusted, decimals)))
    rows.append(("Total in US dollars", _amount(statement.total, decimals)))
    if statement.converted is not None:
        rows.append((f"Total in {statement.currency}", f"{statement.converted:,}"))
    total = next(at for at, row in enumerate(rows) if row[0].startswith("Total in US"))
    cells = [
        [paper.text(label, right=True, bold=at >= total), paper.text(value, right=True, bold=at >= total)]
        for at, (label, value) in enumerate(rows)
    ]
    style = TableStyle([*_plain().getCommands(), ("LINEABOVE", (1, total), (-1, total), 0.8, LINE)])
    return Table(cells, colWidths=[_WIDTH - 45 * mm, 45 * mm], style=style)


def _notes(paper: _Paper, statement: Statement) -> list[Any]:
    estimated = sum(line.calls for line in statement.lines if line.cost_status == "estimated")
    notes = [
        "Rates are US dollars per million tokens; per 1,000 requests or searches; per hour of audio.",
        f"{estimated:,} calls are estimates: not everything that was used was reported." if estimated else "",
        f"{statement.unpriced:,} calls have no price and are in no amount." if statement.unpriced else "",
        f"{statement.not_billed:,} calls cost nothing: they failed or were refused." if statement.not_billed else "",
        f"{statement.simulated_calls:,} simulated calls are not billed." if statement.simulated_calls else "",
        rate_sentence(statement),
        "What is recorded or priced later for this cycle is an adjustment on the next statement.",
        f"To check this one: llmtrack verify-statement {printed_number(statement.number)}",
    ]
    return [paper.text(note, size=8, muted=True) for note in notes if note]


def _price_text(paper: _Paper, line: Line) -> str:
    if line.price is None:
        return (
            "rows deleted, only totals are left" if line.cost_status == "totals" else line.cost_status.replace("_", " ")
        )
    price = line.price
    applied = sorted((name, rate) for name, rate in price["rates"].items() if _applied(name, line))
    rates = ", ".join(f"{name.replace('_', ' ')} ${rate}" for name, rate in applied)
    above = f"above {price['above']:,} tokens" if price.get("above") else ""
    parts = [f"{price['source']} {price['version']}", paper.name(price["model"]), price["tier"], above,
             price.get("adjustment") or "", "estimated" if line.cost_status == "estimated" else "", rates]  # fmt: skip
    return " \N{MIDDLE DOT} ".join(part for part in parts if part)


def _applied(rate: str, line: Line) -> bool:
    """Whether a rate may have been charged in a line; the CSV has the others as well."""
    if rate.startswith(("tool:", "web_search")):
        return "tool" in line.parts
    return all(part in line.parts for part in ("cache_read", "cache_write") if rate.startswith(part))


def _amount(amount: Decimal, decimals: int) -> str:
    sign = _MINUS if amount < 0 else ""
    return f"{sign}${abs(amount):,.{decimals}f}"


def _day(at: Any) -> str:
    return f"{at.day} {at:%B %Y}"


def _plain() -> TableStyle:
    edges: Sequence[Any] = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
                            ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5)]  # fmt: skip
    return TableStyle(edges)


def _ruled() -> TableStyle:
    return TableStyle([*_plain().getCommands(), ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                       ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 3)])  # fmt: skip
