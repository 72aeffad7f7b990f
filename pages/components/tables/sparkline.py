"""A line of values small enough to stand in a row or a tile: a picture in the page itself, in the page's colours."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

ROW, TILE = (72, 22), (72, 26)
"""Width and height in pixels."""
_INSET = 2.5
"""In pixels: room for the line's width, and for the dot at its end."""


def sparkline(
    values: Sequence[float | None], *, label: str, size: tuple[int, int] = ROW, area: bool = False, colour: str = ""
) -> str:
    """HTML of a line through `values`, from nothing up; unknown ones are left out, the last one has a dot.

    `label` says what it shows to who does not see it; `colour` is CSS, the accent unless it is given. Empty where
    there are fewer than two values to draw.
    """
    points = _points(values, size)
    if len(points) < 2:
        return ""
    picture = f"url(data:image/svg+xml;base64,{base64.b64encode(_svg(points, size, area).encode()).decode()})"
    own = f"--c:{colour};" if colour else ""
    return (
        f'<span class="ll-spark" role="img" aria-label="{escape(label)}" '
        f'style="--w:{size[0]}px;--h:{size[1]}px;{own}--s:{picture}"></span>'
    )


def _points(values: Sequence[float | None], size: tuple[int, int]) -> list[tuple[float, float]]:
    highest = max((value for value in values if value is not None), default=0.0)
    width, height = size[0] - 2 * _INSET, size[1] - 2 * _INSET
    step = width / max(len(values) - 1, 1)
    return [
        (_INSET + at * step, _INSET + height * (1 - (value / highest if highest > 0 else 0.0)))
        for at, value in enumerate(values)
        if value is not None
    ]


def _svg(points: Sequence[tuple[float, float]], size: tuple[int, int], area: bool) -> str:
    """Its shape alone: the colour is that of the ground it is cut out of."""
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    (first, _), (last, height) = points[0], points[-1]
    base = size[1] - _INSET
    below = f'<polygon points="{first:.1f},{base} {line} {last:.1f},{base}" fill-opacity=".12"/>' if area else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}">{below}'
        f'<polyline points="{line}" fill="none" stroke="#000" stroke-width="1.3" stroke-linejoin="round"/>'
        f'<circle cx="{last:.1f}" cy="{height:.1f}" r="2"/></svg>'
    )
