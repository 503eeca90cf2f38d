from __future__ import annotations

from pathlib import Path

from darkbelle.jobs.condor.journal import append_receipt, append_started, read_journal
from darkbelle.jobs.tasks import Failure, Receipt


def test_receipts_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    receipts = [
        Receipt("a", 10, 0.5),
        Receipt("b", 0, 1.0, Failure("permanent", "ValueError", "no", ("in b",), "Traceback …")),
    ]
    for receipt in receipts:
        append_started(path, receipt.key)
        append_receipt(path, receipt)
    journal = read_journal(path)
    assert list(journal.receipts.values()) == receipts
    assert journal.started == {"a": 1, "b": 1}


def test_what_was_begun_and_not_ended_is_suspect(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    for _ in range(2):
        append_started(path, "bad")
    append_started(path, "good")
    append_receipt(path, Receipt("good", 1))
    journal = read_journal(path)
    assert [journal.suspicion(key) for key in ("bad", "good", "later")] == [2, 0, 0]


def test_a_torn_line_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    append_receipt(path, Receipt("a", 1))
    with path.open("ab") as file:
        file.write(b'{"receipt": {"key": "b", "ro')
    append_receipt(path, Receipt("c", 1))
    assert sorted(read_journal(path).receipts) == ["a", "c"]


def test_no_journal_says_nothing(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none").receipts == {}
