"""Files of folders in the ledger: kept for one user, moved with the ledger, gone with the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.chats import Chats, Folders, NewFolderFile
from llmtrack.ledger.maintenance.copy import copy_ledger
from llmtrack.ledger.maintenance.erasure import erase
from tests.ledger.making import generation
from tests.ledger.test_migrations import at_revision

pytestmark = pytest.mark.makes_tables

BYTES = bytes(range(256))


def kept(ledger: Ledger, user: str = "alice") -> list[tuple[str, int | None, bytes]]:
    folders = Folders(ledger, user)
    files = folders.files("Birds")
    contents = folders.contents([file.id for file in files])
    return [(file.name, file.pages, contents[file.id]) for file in files]


def filled(ledger: Ledger) -> None:
    for user in ("alice", "bob"):
        new = NewFolderFile("b\0ok.pdf", "application/pdf", BYTES, 3)
        assert Folders(ledger, user).add("Birds", [new], 2, 1000)
        Chats(ledger, user).create(len(user), "Herons", {}, "Birds")


def test_a_ledger_of_the_version_before_gets_folders_with_files(ledger_url: str) -> None:
    with at_revision(ledger_url, "0022") as (connection, _):
        connection.exec_driver_sql("INSERT INTO app_user (id, user_id, first_seen) VALUES (7, 'alice', 1)")
        sql = (
            "INSERT INTO conversation (id, app_user, pinned, archived, created_at, updated_at, version, folder) "
            "VALUES (1, 7, 0, 0, 1, 1, 0, 'Birds')"
        )
        connection.exec_driver_sql(sql)

    ledger = open_ledger(ledger_url)

    assert Folders(ledger, "alice").files("Birds") == []
    assert Folders(ledger, "alice").add("Birds", [NewFolderFile("a.txt", "text/plain", b"a")], 1, 1)
    assert kept(ledger) == [("a.txt", None, b"a")]
    assert [heading.id for heading in Chats(ledger, "alice").headings(in_folders=True)] == [1]


@pytest.mark.slow
def test_they_are_copied_with_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    source = open_ledger(f"sqlite:///{tmp_path / 'source.db'}")
    filled(source)
    copy_ledger(source, ledger)
    assert kept(ledger) == [("b\ufffdok.pdf", 3, BYTES)]
    assert Folders(ledger, "bob").counts() == {"Birds": 1}


def test_an_erased_user_leaves_none(ledger: Ledger) -> None:
    ledger.write([generation(user_id="alice"), generation(user_id="bob")])
    filled(ledger)
    erase(ledger, "alice", by="root")
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM folder_file").scalar_one() == 1
    assert kept(ledger, "bob") == [("b\ufffdok.pdf", 3, BYTES)]


@pytest.mark.parametrize(("files", "size", "fits"), [(1, 1000, False), (2, 511, False), (2, 512, True)])
def test_a_folder_is_filled_up_to_its_limits_and_no_further(ledger: Ledger, files: int, size: int, fits: bool) -> None:
    filled(ledger)
    more = [NewFolderFile("c.txt", "text/plain", BYTES)]
    assert Folders(ledger, "alice").add("Birds", more, files, size) is fits
    assert len(kept(ledger)) == 1 + fits
