"""What was simulated stays simulated, also where it failed, and charts with nothing in them say so."""

from __future__ import annotations

import pytest

import llmtrack
from llmtrack.ledger import Ledger, open_ledger
from tests.pages.conftest import OpenPage, call, html_of, read, tables_of

NOTHING = "Nothing to draw in this time."
COSTS = """
SELECT s.text, c.text, g.cost, r.text FROM generation g JOIN name s ON s.id = g.status JOIN name c ON c.id = g.cost_status
LEFT JOIN name r ON r.id = g.cost_reason ORDER BY g.id
"""


def chat(open_page: OpenPage, *models: str) -> None:
    """Sends a message to each of these models."""
    app = open_page()
    for model in models:
        next(box for box in app.text_input if box.label == "Search or type a model").set_value(model).run()
        app.chat_input[0].set_value("Hello").run()
    assert llmtrack.flush(30).waiting == 0


def test_a_simulated_call_that_fails_is_booked_as_simulated(open_page: OpenPage) -> None:
    chat(open_page, "demo/demo-rate-limited")
    with open_ledger().reading() as connection:
        assert connection.exec_driver_sql(COSTS).fetchall() == [("error", "simulated", None, "no_usage")]


@pytest.mark.slow
def test_after_a_simulated_failure_the_first_chart_draws_the_simulated_cost(open_page: OpenPage) -> None:
    chat(open_page, "demo/demo-gpt", "demo/demo-rate-limited")
    app = open_page("usage.py")
    assert any("<h2>Simulated cost per day</h2>" in body for body in html_of(app))
    assert not [text for text in read(app) if text.startswith(NOTHING)]
    assert len(app.get("arrow_vega_lite_chart")) + len(app.get("vega_lite_chart")) == 1
    (by_model,) = tables_of(app)
    assert sorted(row["Model"] for row in by_model[:-1]) == ["demo-gpt (simulated)", "demo-rate-limited (simulated)"]
    assert {row["Cost"] for row in by_model} == {"$0.00"}


@pytest.mark.slow
def test_a_chart_with_nothing_to_draw_says_so(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write(
        [call(status="error", cost=None), call(cost=1_000, cost_status="simulated", response_model="demo-gpt")]
    )
    for page, charts in (("usage.py", 1), ("admin/models.py", 1)):
        app = open_page(page)
        assert sum(text.startswith(NOTHING) for text in read(app)) == charts, page
        assert not app.get("arrow_vega_lite_chart"), page
        assert not app.get("vega_lite_chart"), page
