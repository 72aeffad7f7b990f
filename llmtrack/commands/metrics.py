"""`llmtrack metrics`: the metrics and dimensions in words."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Print every metric and dimension with unit and formula, as Markdown."""
    from llmtrack.ledger.query import in_markdown

    click.echo(in_markdown(), nl=False)
