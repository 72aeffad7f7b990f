"""`python -m llmtrack` is `llmtrack`."""

from llmtrack.cli import main

main(prog_name="python -m llmtrack")
