from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkbelle.errors import UnreadableFileError
from darkbelle.jobs.identity import SAMPLE_BYTES, SAMPLES, check_identity, fingerprint


@settings(deadline=None, max_examples=40)
@given(size=st.integers(1, SAMPLES * SAMPLE_BYTES), data=st.data())
def test_any_changed_byte_of_a_file_of_half_a_megabyte_is_seen(
    size: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("files") / "a"
    content = bytearray(size)
    path.write_bytes(content)
    before = fingerprint(path)
    content[data.draw(st.integers(0, size - 1))] ^= 1
    path.write_bytes(content)
    assert fingerprint(path) != before


@pytest.mark.parametrize("changed", [0, -1])
def test_head_and_tail_of_a_large_file_are_seen(changed: int, tmp_path: Path) -> None:
    path = tmp_path / "a"
    content = bytearray(3_000_000)
    path.write_bytes(content)
    before = fingerprint(path)
    content[changed] = 7
    path.write_bytes(content)
    assert fingerprint(path) != before


def test_a_file_of_other_length_has_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    empty = fingerprint(path)
    path.write_bytes(b"\0")
    assert fingerprint(path) != empty


def test_a_copy_has_the_same_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(b"abc")
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")


def test_a_changed_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    planned = fingerprint(path)
    check_identity(path, planned)
    path.write_bytes(b"abx")
    with pytest.raises(UnreadableFileError, match=r"a has changed since the run was planned"):
        check_identity(path, planned)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="No such file"):
        fingerprint(tmp_path / "nothing")
