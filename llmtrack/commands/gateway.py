"""`llmtrack gateway`: serve the gateway by itself."""

from __future__ import annotations

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8600, show_default=True, type=click.IntRange(0, 65_535), help="The port to listen on.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes; all use one ledger."
)
def command(host: str, port: int, workers: int) -> None:
    """Pass requests of other programs on to models, and record them.

    Programs use /openai/v1 or /anthropic on this address as their base URL, and a token of the scope `gateway` as key.
    """
    from llmtrack.serving.gateway import serve

    serve(host, port, workers)
