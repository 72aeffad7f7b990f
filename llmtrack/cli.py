"""`llmtrack …` or `python -m llmtrack …`: every command is a module of `llmtrack.commands`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import click

from llmtrack import commands
from llmtrack.own_version import own_version


class Commands(click.Group):
    """Finds commands by file name, so that adding one is adding a file, and imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it cannot do for a known reason is said in one sentence, without a traceback."""
        from llmtrack.ledger import LedgerError
        from llmtrack.settings import SettingsError

        try:
            return super().invoke(ctx)
        except (LedgerError, SettingsError) as error:
            raise click.ClickException(str(error)) from error


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(own_version(), package_name="llmtrack", message="llmtrack %(version)s")
def main() -> None:
    """Look after llmtrack's ledger: who used which model, what did it cost, how fast was it?"""
