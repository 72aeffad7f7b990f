"""The commands of `llmtrack`, one module each, those that look after a ledger in a folder of their own.

A module called ``copy_ledger`` is the command ``llmtrack copy-ledger``. It holds one `click.Command` named ``command``,
whose docstring is its help, and imports what is heavy inside that function. `LedgerError` and
`SettingsError` pass through it: `llmtrack.cli` prints their sentence and exits with 1. `open_given` opens the ledger
that ``--database`` names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

database_option = click.option(
    "--database",
    "database_url",
    metavar="URL",
    help="The ledger, as sqlite:///file.db or postgresql://…  [default: the one LLMTRACK_DATABASE_URL names]",
)


server_option = click.option(
    "--server",
    metavar="URL",
    help="Ask a server, such as https://llm.example.com, instead; LLMTRACK_TOKEN has a token of its Tokens page.",
)


def own_clocks(context: click.Context) -> set[str]:
    """Which of the options about clocks were typed: the others are a server's own to choose."""
    typed = click.core.ParameterSource.COMMANDLINE
    names = ("timezone", "billing_anchor_day")
    return {name for name in names if context.get_parameter_source(name) is typed}


def check_one_source(server: str | None, database_url: str | None) -> None:
    """Raises a usage error where both a server and a ledger are named."""
    if server is not None and database_url is not None:
        raise click.UsageError("--server and --database name two ledgers: give one of them.")


def open_given(database_url: str | None) -> Ledger:
    """The ledger of a URL, or of the settings without one. A file that the URL names has to exist.

    An empty ledger made for a misspelt name would answer everything with 0.
    """
    from llmtrack.ledger import LedgerError, open_ledger
    from llmtrack.ledger.open import parse

    if database_url is not None:
        address = parse(database_url)
        path = Path(str(address.database))
        if address.drivername == "sqlite" and path.parent.is_dir() and not path.exists():
            raise LedgerError(
                f"There is no ledger {path}: check the spelling, or set LLMTRACK_DATABASE_URL to make one."
            )
    return open_ledger(database_url)


def note_if_empty(ledger: Ledger) -> None:
    """Say on standard error that a ledger holds no calls at all, and where there are some."""
    from llmtrack.ledger.metrics import ask
    from llmtrack.settings import get_settings

    if ask(ledger, "generations").totals["generations"]:
        return
    way_out = (
        "make the sample with `python -m llmtrack sample`"
        if get_settings().sample
        else "record some, or make a sample with `python -m llmtrack sample` and set LLMTRACK_SAMPLE=1 to ask that"
    )
    click.echo(f"{ledger.name} holds no calls yet: {way_out}.", err=True)
