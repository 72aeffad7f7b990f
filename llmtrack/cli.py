"""`llmtrack …` or `python -m llmtrack …`: every command is a module of `llmtrack.commands` or of a folder in it."""

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
        return sorted(_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        name = _modules().get(cmd_name)
        if name is None:
            return None
        command: click.Command = importlib.import_module(name).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it cannot do for a known reason is said in one sentence, without a traceback."""
        from llmtrack.ledger import LedgerError
        from llmtrack.settings import SettingsError

        try:
            return super().invoke(ctx)
        except (LedgerError, SettingsError) as error:
            raise click.ClickException(str(error)) from error


def _modules() -> dict[str, str]:
    """The names of all commands with those of their modules, in the folder and those inside it."""
    modules = pkgutil.walk_packages(commands.__path__, f"{commands.__name__}.")
    return {module.name.rpartition(".")[2].replace("_", "-"): module.name for module in modules if not module.ispkg}


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(own_version(), package_name="llmtrack", message="llmtrack %(version)s")
def main() -> None:
    """Look after llmtrack's ledger: who used which model, what did it cost, how fast was it?"""
