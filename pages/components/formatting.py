"""Money, time and counts as people read them. Unknown stays unknown: nothing here turns None into 0."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

_DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})(?= \(simulated\)$|$)")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Unicode's controls for embedding, overriding and isolating a direction (UAX 9)."""
UNKNOWN = "unknown"
NARROW = "\N{NARROW NO-BREAK SPACE}"
NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


def usd(amount: Decimal | None) -> str:
    """Dollars with as many decimals as the size asks for: six below a cent, four below a dollar, then two."""
    if amount is None:
        return UNKNOWN
    if amount == 0:
        return "$0.00"
    sign, size = (MINUS if amount < 0 else ""), abs(amount)
    shown = rounded(size, decimals_for(size))
    return f"{sign}${shown:,}" if shown else f"{sign}<$0.000001"


def usd_with(amount: Decimal | None, decimals: int) -> str:
    """Dollars with that many decimals, as a column has them; what they cannot show is ``< $0.01`` and not zero."""
    if amount is None:
        return UNKNOWN
    sign, size = (MINUS if amount < 0 else ""), abs(amount)
    shown = rounded(size, decimals)
    if size and not shown:
        return f"{sign}<{NBSP}${Decimal(1).scaleb(-decimals):f}"
    return f"{sign}${shown:,}"


def column_decimals(amounts: Iterable[Decimal | None]) -> int:
    """How many decimals a column of dollars has: 2 where its largest is $1 or more, 4 from a cent on, else 6."""
    largest = max((abs(amount) for amount in amounts if amount is not None), default=Decimal(1))
    if largest >= 1 or largest == 0:
        return 2
    return 4 if largest >= Decimal("0.01") else 6


def decimals_for(amount: Decimal) -> int:
    """How many decimals `amount` dollars are shown with."""
    size = abs(amount)
    if size < Decimal("0.01"):
        return 6
    return 4 if size < 1 else 2


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """`amount` with exactly that many decimals, half to even."""
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def count(number: int | None) -> str:
    """A whole number with separators: ``12,345``."""
    return UNKNOWN if number is None else f"{number:,}"


def compact(number: float | None) -> str:
    """A number where space is short: ``950``, ``12.3k``, ``4.56M``."""
    if number is None:
        return UNKNOWN
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}" if abs(number) < 999.5 * size else f"{number / size:,.0f}{letter}"
    return f"{number:,.0f}" if number == int(number) else decimal(number, 1)


def three_digits(number: float | None) -> str:
    """A number with three digits, in tiles and columns of tokens: ``950``, ``12.3k``, ``1.60M``, ``844k``."""
    if number is None:
        return UNKNOWN
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size * 0.9995:
            return f"{number / size:#.3g}".removesuffix(".") + letter
    return f"{number:,.0f}" if number == int(number) else decimal(number, 1)


def decimal(number: float, places: int, unit: str = "") -> str:
    """A number with so many decimals; what they cannot show is ``<0.01`` and not zero."""
    shown = f"{number:,.{places}f}"
    if number and not float(shown.replace(",", "")):
        shown = f"{'-' if number < 0 else ''}<{10**-places:.{places}f}"
    return shown + unit


def counted(number: int | None, singular: str, plural: str = "") -> str:
    """A number with its noun: ``1 call``, ``2 calls``."""
    return f"{count(number)} {singular if number == 1 else plural or singular + 's'}"


def either(names: Sequence[str]) -> str:
    """Names of which any will do: ``a``, ``a or b``, ``a, b or c``."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def seconds(value: float | None) -> str:
    """A duration: ``0.42 s``, ``12.3 s``, ``2 min 5 s``, ``1 h 2 min``."""
    if value is None:
        return UNKNOWN
    if value < 9.995:
        return decimal(value, 2, " s")
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def share(part: float | None, whole: float | None = 1.0) -> str:
    """A percentage: ``0.3 %``, ``12 %``; unknown where there is nothing to divide by."""
    if part is None or not whole:
        return UNKNOWN
    percent = 100 * part / whole
    return decimal(percent, 1 if 0 < abs(percent) < 9.95 else 0, f"{NARROW}%")


def percent(part: float | Decimal | None, whole: float | Decimal | None = 1.0) -> str:
    """A share in whole per cent: ``58 %``, ``< 1 %``; unknown where there is nothing to divide by."""
    if part is None or not whole:
        return UNKNOWN
    value = 100 * float(part) / float(whole)
    return f"<{NBSP}1{NARROW}%" if 0 < value < 0.5 else f"{value:.0f}{NARROW}%"


def rate(value: float | None) -> str:
    """A rate of errors, with one decimal: ``2.7 %``."""
    return UNKNOWN if value is None else decimal(100 * value, 1, f"{NARROW}%")


def change(now: float | Decimal | None, before: float | Decimal | None) -> str | None:
    """How much more or less than before: ``+27 %``, ``± 0``; None where that says nothing."""
    if now is None or not before:
        return None
    more = round(100 * (float(now) / float(before) - 1))
    return f"{_sign(more)}{abs(more):,}{NARROW}%" if more else f"±{NBSP}0"


def points(now: float | None, before: float | None) -> str | None:
    """How many points a rate rose or fell: ``+1.5 points``; None where one of them is unknown."""
    if now is None or before is None:
        return None
    more = round(100 * (now - before), 1)
    return f"{_sign(more)}{abs(more):.1f}{NBSP}points" if more else f"±{NBSP}0"


def _sign(value: float) -> str:
    return "+" if value > 0 else MINUS


def short_day(value: date, today: date) -> str:
    """A day, with its year only where that is not this one: ``6 Nov``."""
    return f"{value.day} {value:%b}" if value.year == today.year else day(value)


def short_span(first: date, last: date, today: date) -> str:
    """Days, both included, with the year only where it is not this one: ``23-29 Nov``, ``31 Oct - 29 Nov``."""
    if first.year != today.year or last.year != today.year:
        return span(first, last)
    if first == last:
        return short_day(first, today)
    begin = f"{first.day}" if first.month == last.month else short_day(first, today)
    return f"{begin} \N{EN DASH} {short_day(last, today)}"


def short_moment(value: datetime | None, today: date) -> str:
    """A point in time to the minute: ``6 Nov, 11:51``."""
    return UNKNOWN if value is None else f"{short_day(value.date(), today)}, {value:%H:%M}"


def last_seen(value: date | None, today: date) -> str:
    """The day something last happened: ``today``, ``yesterday``, ``3 days ago``, after 13 days the date."""
    if value is None:
        return UNKNOWN
    days = (today - value).days
    if days <= 1:
        return "yesterday" if days == 1 else "today"
    return f"{days} days ago" if days <= 13 else short_day(value, today)


def day(value: date) -> str:
    """A calendar day: ``21 Nov 2026``."""
    return f"{value.day} {value:%b %Y}"


def span(first: date, last: date) -> str:
    """Days from `first` to `last`, both included: ``1-30 Nov 2026``, with a proper dash."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\N{EN DASH}{day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%b} \N{EN DASH} {day(last)}"
    return f"{day(first)} \N{EN DASH} {day(last)}"


def moment(value: datetime | None) -> str:
    """A point in time, to the second, in the zone it carries: ``21 Nov 2026, 14:03:59``.

    In the hour that clocks show twice, when they go back, it ends in the zone's abbreviation: ``02:00:00 CET``.
    """
    if value is None:
        return UNKNOWN
    shown_twice = value.replace(fold=1 - value.fold).utcoffset() != value.utcoffset()
    return f"{day(value)}, {value:%H:%M:%S}" + (f" {value:%Z}" if shown_twice else "")


def ago(value: datetime, now: datetime) -> str:
    """How long since `value`, roughly: ``just now``, ``5 min ago``, ``3 h ago``, ``yesterday``, ``4 Nov 2026``."""
    passed = now - value
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min ago"
    days = (now.date() - value.astimezone(now.tzinfo).date()).days
    if days == 0:
        return f"{passed // timedelta(hours=1)} h ago"
    return "yesterday" if days == 1 else day(value.astimezone(now.tzinfo))


def unpriced(missing: int | None, calls: int | None) -> str:
    """What a total cost leaves out: ``12 of 3,400 calls unpriced``, or nothing where it leaves nothing out."""
    return f"{count(missing)} of {counted(calls, 'call')} unpriced" if missing else ""


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Names as charts show them: `visible`, and without the date at the end of a model's name
    (``claude-haiku-4-5-20251001``) where that tells no two apart."""
    bare = {name: _DATED.sub("", name) for name in names}
    taken = Counter(bare.values())
    return {name: visible(short if taken[short] == 1 else name) for name, short in bare.items()}


def status(word: str) -> str:
    """How a call ended, in the word that pages have for it."""
    return "stopped" if word == "cancelled" else word


def heading(name: str) -> str:
    """A metric or dimension by its name, as a heading: ``Duration p95``, ``Cost / traces``, ``property.plan``."""
    if name.startswith(("property.", "user.")):
        return visible(name)
    words = name.replace("_", " ").replace("generations", "calls").replace("generation", "call")
    return words[:1].upper() + words[1:]


def visible(text: str) -> str:
    """A name with what would turn the order of its letters around shown instead of obeyed: ``⟨U+202E⟩``.

    Otherwise ``gpt-⟨U+202E⟩o4`` reads as another model, and what stands behind a name is turned around with it. Every
    name from data reaches the screen through this: in Markdown through `plain`, in charts through `short_names`, in
    tables through their text columns, and in select boxes, whose options are no Markdown, as their ``format_func``.
    """
    return _TURNING.sub(
        lambda control: (
            f"\N{MATHEMATICAL LEFT ANGLE BRACKET}U+{ord(control[0]):04X}\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
        ),
        text,
    )


def plain(text: str) -> str:
    """`text` as Markdown that shows it as it is: names and error messages may hold ``*``, ``[`` or ``$``."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()<>#+-.!|~$:" else letter for letter in visible(text))
