"""`llmtrack estimate`: what a call will cost, before it is made."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import IO, Any

import click

from llmtrack.commands import database_option, open_given


@click.command()
@click.argument("model", metavar="[PROVIDER/]MODEL")
@click.argument("prompt", required=False)
@click.option(
    "--file",
    "file",
    type=click.File(encoding="utf-8"),
    help="Read the prompt, or messages as JSON; - is stdin.",
)
@click.option("--max-tokens", type=click.IntRange(min=0), help="The longest answer the request allows.")
@click.option("--expected-tokens", type=click.IntRange(min=0), help="The answer to expect.")
@click.option("--cached-tokens", type=click.IntRange(min=0), default=0, help="Input that a cache is known to hold.")
@click.option("--tier", help="The service tier.  [default: standard]")
@database_option
def command(
    model: str, prompt: str | None, file: IO[str] | None, max_tokens: int | None, expected_tokens: int | None,
    cached_tokens: int, tier: str | None, database_url: str | None,
) -> None:  # fmt: skip
    """Estimate what asking MODEL with PROMPT will cost: low, expected and high, with what is assumed.

    \b
    llmtrack estimate openai/gpt-4o "What is a ledger?" --max-tokens 500
    llmtrack estimate claude-opus-4-5 --file conversation.json
    """
    from llmtrack.pricing import Pricer, estimate

    if (prompt is None) == (file is None):
        raise click.UsageError("Give the prompt as an argument, or --file to read it from.")
    provider, slash, name = model.partition("/")
    made = estimate(
        _messages(file) if file is not None else prompt or "",
        name if slash else model,
        provider if slash else None,
        max_tokens=max_tokens,
        expected_tokens=expected_tokens,
        cached_tokens=cached_tokens,
        tier=tier,
        pricer=Pricer(open_given(database_url).book()[1]),
    )
    if made.low is None or made.expected is None or made.high is None:
        raise click.ClickException(f"{model} cannot be estimated: {made.reason}.")
    click.echo(f"low       {dollars(made.low)}")
    click.echo(f"expected  {dollars(made.expected)}")
    click.echo(f"high      {dollars(made.high)}")
    click.echo("Assuming " + "; ".join(made.assumptions) + ".")


def dollars(amount: Decimal) -> str:
    """An amount with six decimals, which shows the cost of a single short call; what is less is not shown as zero."""
    return "<$0.000001" if 0 < amount < Decimal("0.0000005") else f"${amount:,.6f}"


def _messages(file: IO[str]) -> str | list[dict[str, Any]]:
    """The file as messages, if it is JSON and holds a list of them; otherwise as one prompt."""
    text = file.read()
    try:
        content = json.loads(text)
    except ValueError:
        return text
    if isinstance(content, dict):
        content = content.get("messages", content.get("input"))
    if isinstance(content, list) and all(isinstance(message, dict) for message in content):
        return content
    return text
