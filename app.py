"""The server. `streamlit run app.py` starts it; what people see is in pages/, what it stands on in llmtrack/."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click
import streamlit as st
from streamlit.web.server.server_util import get_url

from llmtrack.serving import web
from llmtrack.serving.identity import why_closed


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """What `web.lifespan` does; and the terminal learns where the app is, or that it will serve nobody."""
    address = st.get_option("server.address")
    if (reason := why_closed(address)) is not None:
        click.secho(f"\n  {reason} Until then every page says so, and shows nothing else.\n", fg="red", err=True)
    elif "streamlit.web.bootstrap" in sys.modules:  # started by `streamlit run`, whose own words config.toml hides
        click.echo(f"\n  llmtrack is ready in your browser.\n\n  URL: {get_url(address)}\n")
    async with web.lifespan(app):
        yield


app = st.App(
    Path(__file__).resolve().parent / "pages" / "main.py",
    routes=web.ROUTES,
    middleware=web.MIDDLEWARE,
    lifespan=lifespan,
)
