"""The charts of the pages. Altair is imported only when one is drawn: it takes a second to load."""

from pages.components.charts.distribution import MOST_DOTS, Dot, Line, distribution
from pages.components.charts.encoding import HEIGHT
from pages.components.charts.horizontal_bars import bars, parts
from pages.components.charts.lines import lines_over_time
from pages.components.charts.points import Point, money_points
from pages.components.charts.stacked_bars import bars_over_time
from pages.components.charts.time_axis import TimeAxis, time_axis

__all__ = [
    "HEIGHT",
    "MOST_DOTS",
    "Dot",
    "Line",
    "Point",
    "TimeAxis",
    "bars",
    "bars_over_time",
    "distribution",
    "lines_over_time",
    "money_points",
    "parts",
    "time_axis",
]
