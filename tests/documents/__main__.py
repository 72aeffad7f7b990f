"""Writes every page that is made from the code."""

from __future__ import annotations

from tests.documents import DOCS, PAGES, made

for page in PAGES:
    (DOCS / page).write_text(made(page), encoding="utf-8")
