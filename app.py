"""The server. `streamlit run app.py` starts it; what people see is in pages/, what it stands on in llmtrack/."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click
import streamlit as st
from streamlit.web.server.server_util import get_url

from llmtrack.serving import web
from llmtrack.serving.identity import start_problems
from pages.components import file_owners


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """What `web.lifespan` does; and the terminal learns where the app is, or that it will serve nobody."""
    problems = start_problems(st.get_option)
    if problems:
        listed = "\n  ".join(problems)
        click.secho(f"\n  {listed}\n  Until then every page says so, and shows nothing else.\n", fg="red", err=True)
    elif "streamlit.web.bootstrap" in sys.modules:  # started by `streamlit run`, whose own words config.toml hides
        click.echo(f"\n  llmtrack is ready in your browser.\n\n  URL: {get_url(st.get_option('server.address'))}\n")
    async with web.lifespan(app):
        yield


file_owners.watch()
app = st.App(
    Path(__file__).resolve().parent / "pages" / "main.py",
    routes=web.ROUTES,
    middleware=web.middleware(st.get_option, file_owners),
    lifespan=lifespan,
    secrets=web.secrets(),
)
