"""A ledger that is moved or restored stays the same one; a copy of it is another."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmtrack.ledger import open_ledger
from llmtrack.ledger.owner import Owner, address_of
from tests.conftest import POSTGRES_URL, postgres_database


def owner_at(url: str) -> Owner:
    """Which ledger is there, with nothing left open."""
    ledger = open_ledger(url)
    ledger.renew()  # as a new process would
    ledger.close()
    return ledger.owner


def test_a_file_keeps_its_id_when_it_is_moved_and_a_copy_gets_another(tmp_path: Path) -> None:
    first, moved, copied = (f"sqlite:///{tmp_path / name}" for name in ("a.db", "b.db", "c.db"))
    id = owner_at(first).id
    assert id is not None
    assert len(id) == 32
    shutil.copy(tmp_path / "a.db", tmp_path / "a.backup")
    (tmp_path / "a.db").rename(tmp_path / "b.db")
    assert owner_at(moved) == Owner(moved, id)
    shutil.copy(tmp_path / "b.db", tmp_path / "c.db")
    assert owner_at(copied).id not in (None, id)
    assert owner_at(moved).id == id
    (tmp_path / "b.db").unlink()
    (tmp_path / "a.backup").rename(tmp_path / "a.db")
    assert owner_at(first) == Owner(first, id)


@pytest.fixture
def other_name(postgres_url: str) -> Iterator[str]:
    """The URL of a database that is not there yet, on the same server."""
    import psycopg

    name = f"llmtrack_{uuid.uuid4().hex[:12]}"
    yield f"{postgres_url.rpartition('/')[0]}/{name}"
    with psycopg.connect(POSTGRES_URL, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.mark.slow
def test_a_database_keeps_its_id_by_another_name_and_a_copy_gets_another(postgres_url: str, other_name: str) -> None:
    import psycopg

    first = owner_at(postgres_url)
    again = owner_at(f"{postgres_url}?options=-cstatement_timeout%3D0")
    assert again.address != first.address
    assert again.id == first.id
    here, there = postgres_url.rpartition("/")[2], other_name.rpartition("/")[2]
    with psycopg.connect(POSTGRES_URL, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{there}" TEMPLATE "{here}"')
    copied = owner_at(other_name)
    assert copied.id not in (None, first.id)
    assert owner_at(postgres_url).id == first.id


@pytest.mark.slow
def test_a_database_that_was_renamed_keeps_its_id(other_name: str) -> None:
    import psycopg

    for url in postgres_database():
        id = owner_at(url).id
        here, there = url.rpartition("/")[2], other_name.rpartition("/")[2]
        with psycopg.connect(POSTGRES_URL, autocommit=True) as server:
            server.execute(f'ALTER DATABASE "{here}" RENAME TO "{there}"')
            assert owner_at(other_name).id == id
            server.execute(f'ALTER DATABASE "{there}" RENAME TO "{here}"')


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sqlite:////data//x.db?timeout=3", "sqlite:////data/x.db"),
        ("postgresql://al%40ice:p#w/x@Host:1/d?sslmode=require&password=no", "postgresql://al%40ice@host:1/d"),
        ("postgresql+psycopg://bob:secret@host/d", "postgresql://bob@host:5432/d"),
        ("postgres:///d?host=/tmp&options=-csearch_path%3Da", "postgresql://me@:5432/d?host=%2Ftmp&options=-csearch_path%3Da"),
    ],
)  # fmt: skip
def test_an_address_has_one_spelling_and_no_password(url: str, address: str) -> None:
    assert address_of(url, {"PGUSER": "me"}) == address


def test_of_an_address_that_cannot_be_read_nothing_is_shown() -> None:
    assert "hunter2" not in address_of("hunter2 is my password", {})
