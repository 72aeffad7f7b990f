"""What monitors ask: whether the server is ready, and numbers in Prometheus' form."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from llmtrack.capture.tracker import Tracker, set_default_tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.migrations import scripts
from llmtrack.ledger.periods import to_micros
from llmtrack.settings import get_settings
from tests.ledger.making import generation
from tests.serving.api.conftest import Server
from tests.serving.api.live import listening


def samples(server: Server, token: str = "admin") -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels."""
    answer = server.client.get("/metrics", headers=server.headers(token))
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


GPT = {"gen_ai_provider_name": "openai", "gen_ai_response_model": "gpt-4o-2024-08-06", "gen_ai_operation_name": "chat"}
DEMO = {"gen_ai_provider_name": "demo", "gen_ai_response_model": "demo-fast", "gen_ai_operation_name": "chat"}
NEW = {**GPT, "gen_ai_response_model": "new"}


def key(name: str, labels: dict[str, str], **more: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted({**labels, **more}.items()))


def test_numbers_are_those_of_the_ledger_and_name_nobody(server: Server) -> None:
    found = samples(server)
    assert found[key("llmtrack_cost_usd_total", GPT, cost_status="exact")] == pytest.approx(0.00135)
    assert found[key("llmtrack_cost_usd_total", DEMO, cost_status="simulated")] == pytest.approx(0.005)
    assert key("llmtrack_cost_usd_total", NEW, cost_status="unpriced") not in found
    assert found[key("llmtrack_unpriced_generations_total", NEW)] == 1
    assert found[key("gen_ai_client_token_usage_sum", GPT, gen_ai_token_type="input")] == 300
    assert found[key("gen_ai_client_token_usage_count", GPT, gen_ai_token_type="input")] == 3
    assert found[key("llmtrack_generations_total", GPT, status="error")] == 1
    assert found[key("llmtrack_journal_lag_seconds", {})] == 0
    text = server.client.get("/metrics", headers=server.headers("admin")).text
    assert not any(name in text for name in ("alice", "bob", "carol"))


def test_users_are_named_where_a_setting_allows_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_METRICS_USER_NAMES", "true")
    get_settings.cache_clear()
    assert samples(server)[key("llmtrack_user_cost_usd_total", {"user": "alice"})] == pytest.approx(0.0009)


def test_durations_come_as_a_histogram_of_today(small_server: Server) -> None:
    now = to_micros(datetime.now(UTC))
    for duration in (500_000, 2_000_000, 2_000_000, 200_000_000):
        small_server.ledger.write([generation(now, duration=duration, time_to_first_token=100_000)])
    found = samples(small_server)
    name = "gen_ai_client_operation_duration_seconds"
    counts = {le: found[key(f"{name}_bucket", GPT, le=le)] for le in ("0.32", "0.64", "1.28", "2.56", "81.92", "+Inf")}
    assert counts == {"0.32": 0, "0.64": 1, "1.28": 1, "2.56": 3, "81.92": 3, "+Inf": 4}
    assert found[key(f"{name}_sum", GPT)] == pytest.approx(204.5)
    assert found[key("gen_ai_client_operation_time_to_first_chunk_seconds_count", GPT)] == 4


@pytest.mark.parametrize(("token", "status"), [("nobody", 401), ("alice", 403), ("lead", 403), ("service", 200)])
def test_numbers_of_everybody_need_the_scope_for_that(server: Server, token: str, status: int) -> None:
    assert server.client.get("/metrics", headers=server.headers(token)).status_code == status
    assert server.client.get("/readyz", headers=server.headers(token)).status_code == (
        200 if token == "nobody" else status
    )


def test_whether_it_is_ready_is_one_word_and_why_takes_a_token(server: Server) -> None:
    assert server.client.get("/readyz").json() == {"status": "ok"}
    head = scripts().get_current_head()
    assert server.get("/readyz") == {
        "status": "ok",
        "reasons": {"ledger": "ok", "revision": head, "expected_revision": head,
                    "journal": {"files": 0, "lag_seconds": 0.0, "rejected_bytes": 0}},
    }  # fmt: skip


def test_without_its_ledger_it_is_not_ready_and_says_no_more(
    small_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", "postgresql://secret@127.0.0.1:1/none")
    get_settings.cache_clear()
    for headers in ({}, small_server.headers("admin")):
        answer = small_server.client.get("/readyz", headers=headers)
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


def test_a_record_that_waits_shows_as_lag(small_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = Tracker()
    monkeypatch.setattr(tracker, "_wake", lambda: None)  # nobody writes
    before = set_default_tracker(tracker)
    try:
        at = tracker.now() - 60_000_000
        tracker.record("identity", user_id="zoe", attributes={}, at=at)
        journal = small_server.get("/readyz")["reasons"]["journal"]
        assert journal["files"] == 1
        assert 0 <= journal["lag_seconds"] < 60
        assert samples(small_server)[key("llmtrack_journal_files", {})] == 1
        monkeypatch.undo()
        tracker.flush(30)
        assert tracker.status().waiting == 0
        assert open_ledger() is not None
    finally:
        tracker.close()
        set_default_tracker(before)


def test_prometheus_own_tool_finds_nothing_to_say(server: Server) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: Debian's package prometheus has it")
    text = server.client.get("/metrics", headers=server.headers("admin")).text
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.slow
def test_prometheus_itself_scrapes_it(small_server: Server, tmp_path) -> None:
    import json
    import time
    import urllib.request

    from tests.browser.app_server import free_port

    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("Prometheus is not installed: Debian's package prometheus has it")
    port = free_port()
    with listening() as url:
        (tmp_path / "prometheus.yml").write_text(
            f"scrape_configs: [{{job_name: llmtrack, scrape_interval: 1s, authorization: {{credentials: {small_server.tokens['service']}}}, "
            f"static_configs: [{{targets: ['{url.removeprefix('http://')}']}}]}}]"
        )
        command = [
            prometheus,
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            query = (
                f"http://127.0.0.1:{port}/api/v1/query?query=sum(llmtrack_cost_usd_total%7Bcost_status=%22exact%22%7D)"
            )
            deadline = time.monotonic() + 60
            result: list = []
            while not result and time.monotonic() < deadline:
                time.sleep(0.2)
                try:
                    result = json.load(urllib.request.urlopen(query, timeout=5))["data"]["result"]
                except OSError:
                    continue
            assert float(result[0]["value"][1]) == pytest.approx(0.00435)
        finally:
            process.terminate()
            process.wait(30)
