"""`docs/cli.md`: every command with its arguments and options, from click's own declarations.

click's help text is not copied: it looks different from one release of click to the next.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from llmtrack.cli import main

_HEAD = """# The command line

*Made by `python -m tests.documents` from the code, and checked by a test: change the commands, not this page.*

`llmtrack COMMAND` is `python -m llmtrack COMMAND`. Every command has `--help`. What a command cannot do for a known reason
is one sentence on standard error and exit code 1; a mistyped option is exit code 2.

"""
_TYPES = {"integer": "NUMBER", "float": "NUMBER", "integer range": "NUMBER", "datetime": "DATE", "filename": "FILE"}
"""click's names of types with the words shown for a value of that type."""


def in_markdown() -> str:
    """All commands in alphabetical order, after a table of them."""
    commands = list(_commands(main, "llmtrack"))
    contents = "".join(
        f"| [`{name}`](#{name.replace(' ', '-')}) | {_first_sentence(command)} |\n" for name, command in commands
    )
    sections = "".join(_section(name, command) for name, command in commands)
    return f"{_HEAD}| Command | What it does |\n|---|---|\n{contents}\n{sections}".rstrip() + "\n"


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that is listed in help, with its full name, a group before what is in it."""
    context = click.Context(command)
    if command is not main:
        yield name, command
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            assert inner is not None
            if not inner.hidden:
                yield from _commands(inner, f"{name} {word}")


def _section(name: str, command: click.Command) -> str:
    arguments = [item for item in command.params if isinstance(item, click.Argument)]
    options = [item for item in command.params if isinstance(item, click.Option) and not item.hidden]
    words = [name, "COMMAND" if isinstance(command, click.Group) else "", "[OPTIONS]" if options else ""]
    usage = " ".join(filter(None, [*words, *map(_placeholder, arguments)]))
    rows = "".join(f"| `{_typed(option)}` | {_meaning(option)} |\n" for option in options)
    table = f"| Option | Meaning |\n|---|---|\n{rows}\n" if rows else ""
    return f"## `{name}`\n\n```text\n{usage}\n```\n\n{_text(command)}\n\n{table}"


def _text(command: click.Command) -> str:
    r"""The command's help as Markdown; a paragraph after click's mark ``\b``, which keeps its lines, as a block."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(
        f"```bash\n{paragraph.removeprefix(chr(8)).strip()}\n```" if paragraph.startswith("\b") else paragraph
        for paragraph in paragraphs
    )


def _first_sentence(command: click.Command) -> str:
    paragraph = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.])\s", paragraph, maxsplit=1)[0].replace("|", "\\|")


def _placeholder(argument: click.Argument) -> str:
    if argument.metavar:
        return argument.metavar
    name = argument.name.upper() if argument.name else ""
    return name if argument.required else f"[{name}]{'...' if argument.nargs == -1 else ''}"


def _typed(option: click.Option) -> str:
    """An option as it is typed, such as ``--limit NUMBER``; a switch stands alone."""
    if option.is_flag:
        return ", ".join([*option.opts, *option.secondary_opts])
    if isinstance(option.type, click.Choice):
        value = "\\|".join(option.type.choices)
    else:
        value = option.metavar or _TYPES.get(option.type.name, option.type.name.upper())
    return f"{', '.join(option.opts)} {value}"


def _meaning(option: click.Option) -> str:
    """The option's help, with its default and range where the help does not say them."""
    text = " ".join((option.help or "").split()).replace("|", "\\|")
    text = re.sub(r" ?\[default: (.+)\]$", r" Default: \1.", text).strip()
    if isinstance(option.type, click.IntRange):
        text += f" From {option.type.min}" + (f" to {option.type.max}." if option.type.max is not None else " on.")
    plain = isinstance(option.default, (int, float, str)) and not isinstance(option.default, bool)
    if plain and option.default != "" and "Default: " not in text:
        text += f" Default: {option.default}."
    return text
