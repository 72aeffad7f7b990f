"""`llmtrack export`: generations, or the answer to a question, as a file."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from llmtrack.commands import database_option, note_if_empty, open_given
from llmtrack.commands.ask import question_options, refusals, where_of

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

FORMATS = ("csv", "jsonl", "parquet")


@click.command(name="export")
@click.argument("target", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Of the file.  [default: by TARGET's ending]")
@click.option(
    "--metric", "metrics", multiple=True, help="Export an answer instead: a metric, or two as 'cost / users'."
)
@click.option("--by", multiple=True, help="With --metric: split it by day, model, user, …")
@click.option("--text", is_flag=True, help="With generations: also what was said.")
@question_options
@database_option
def command(
    target: str,
    format_: str | None,
    metrics: tuple[str, ...],
    by: tuple[str, ...],
    text: bool,
    since: Any,
    until: Any,
    timezone: str,
    billing_anchor_day: int,
    filters: tuple[str, ...],
    database_url: str | None,
) -> None:
    """Write generations to TARGET (.csv, .jsonl or .parquet; - is standard output).

    With --metric the answer to a question is written instead: --metric cost --by day --by model. That something was
    exported, and by whom, is in the audit log.
    """
    kind = format_ or Path(target).suffix.removeprefix(".")
    if target == "-" and format_ is None:
        kind = "csv"
    if by and not metrics:
        raise click.UsageError("--by splits the answer to a question: give a --metric too, such as --metric cost.")
    if text and metrics:
        raise click.UsageError("--text is for generations, and an answer has none: leave it or --metric out.")
    if kind not in FORMATS:
        raise click.UsageError(
            f"There is no format {kind!r}; choose one of {', '.join(FORMATS)}."
            if kind
            else f"{target!r} does not end in .csv, .jsonl or .parquet: give it such an end, or --format."
        )
    ledger = open_given(database_url)
    query: dict[str, Any] = {"since": since, "until": until, "timezone": timezone, "where": where_of(filters)}
    filtered = [asdict(condition) for condition in query["where"]]
    from llmtrack.ledger.export import stream_generations, stream_result
    from llmtrack.ledger.metrics import ask

    with refusals():
        if metrics:
            answer = ask(ledger, metrics, by, **query, anchor_day=billing_anchor_day, max_rows=None)
            _record(ledger, "answer", {"format": kind, "rows": len(answer), "filters": filtered})
            _write(target, stream_result(answer, kind))
            return
        total = ask(ledger, "generations", **query, max_rows=None).totals["generations"]
        _record(ledger, "generations", {"format": kind, "rows": total, "text": text, "filters": filtered})
        with click.progressbar(length=total, label="Exporting", file=sys.stderr) as bar:
            done = 0

            def progress(written: int) -> None:
                nonlocal done
                bar.update(written - done)
                done = written

            _write(target, stream_generations(ledger, kind, **query, text=text, progress=progress))
    if target != "-":
        note_if_empty(ledger)
        click.echo(f"{done:,} generation{'' if done == 1 else 's'} in {target}")


def _record(ledger: Ledger, what: str, detail: dict[str, Any]) -> None:
    from llmtrack.ledger import people

    people.record(ledger, getpass.getuser(), "export", what, detail)


def _write(target: str, pieces: Iterator[bytes]) -> None:
    try:
        with click.open_file(target, "wb") as file:
            for piece in pieces:
                file.write(piece)
    except OSError as error:
        raise click.ClickException(
            f"{target} cannot be written ({error.strerror}): name a file in a directory that is there and can be "
            "written, on a disk with room."
        ) from error
