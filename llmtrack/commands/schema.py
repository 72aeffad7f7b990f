"""`llmtrack schema`: the ledger's tables in words."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Print what the ledger keeps, table by table, as Markdown."""
    from llmtrack.ledger.schema import in_markdown

    click.echo(in_markdown(), nl=False)
