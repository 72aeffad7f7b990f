"""The server. `streamlit run app.py` starts it; what people see is in pages/, what it stands on in llmtrack/."""

from pathlib import Path

import streamlit as st

from llmtrack.serving import web

app = st.App(
    Path(__file__).resolve().parent / "pages" / "main.py",
    routes=web.ROUTES,
    middleware=web.middleware(st.get_option),
    lifespan=web.lifespan,
    secrets=web.secrets(),
)
