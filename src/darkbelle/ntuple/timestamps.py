"""Erase the time of writing from a ROOT file, so that equal contents are equal bytes.

ROOT stamps every record and every folder with the time at which it was made, and space that was given
up on the way keeps what stood there. The layouts of records and folders are those of "ROOT file
format" and "TDirectory", https://root.cern/doc/master/classTFile.html and classTDirectory.html.
"""

from __future__ import annotations

import struct
from mmap import mmap
from pathlib import Path
from typing import Final, NamedTuple

import uproot

from darkbelle.errors import NtupleError

__all__ = ["EPOCH", "erase_times"]

# 1995-01-01 00:00:00, the first second that ROOT can write: bits of year - 1995, month, day, h, min, s.
EPOCH: Final = (1 << 22) | (1 << 17)

# Versions from here on have 64-bit addresses.
_BIG_FILE: Final = 1_000_000
_BIG_RECORD: Final = 1000
_KEY: Final = struct.Struct(">iHiIH")  # bytes, version, bytes of the object, time, bytes of the key
_TIME_IN_KEY: Final = 10
_FOLDER_SMALL: Final = struct.Struct(">HIIiiIII")
_FOLDER_BIG: Final = struct.Struct(">HIIiiQQQ")


class _Header(NamedTuple):
    begin: int
    end: int
    seek_free: int
    seek_info: int


class _Record(NamedTuple):
    size: int
    key_size: int


def erase_times(path: str | Path) -> None:
    """Set all times in a flat ROOT file to 1995 and its unused bytes to zero, in place.

    Raises
    ------
    NtupleError
        The file holds something else than trees.
    """
    records = _records_of_trees(path)
    with Path(path).open("r+b") as file, mmap(file.fileno(), 0) as content:
        header = _header(content)
        records |= {header.seek_free, header.seek_info}
        records |= {header.begin, _erase_root_folder(content, header.begin)}
        position = header.begin
        for start in sorted(records):
            content[position:start] = bytes(start - position)
            _erase_key(content, start)
            position = start + _record(content, start).size
        content[position : header.end] = bytes(header.end - position)


def _records_of_trees(path: str | Path) -> set[int]:
    """Return where the records of the trees and their baskets begin."""
    found = set()
    with uproot.open(path, handler=uproot.source.file.MemmapSource) as file:
        for name, class_name in file.classnames(recursive=False).items():
            if class_name != "TTree":
                raise NtupleError(f"{path}: {name} is a {class_name}, only flat trees are understood here")
            found.add(file.key(name).fSeekKey)
            for branch in file[name].branches:
                found.update(branch.member("fBasketSeek")[: branch.num_baskets].tolist())
    return found


def _header(content: mmap) -> _Header:
    version, begin = struct.unpack_from(">ii", content, 4)
    layout = ">QQiiiBiQ" if version >= _BIG_FILE else ">IIiiiBiI"
    end, seek_free, *_, seek_info = struct.unpack_from(layout, content, 12)
    return _Header(begin, end, seek_free, seek_info)


def _record(content: mmap, start: int) -> _Record:
    size, _, _, _, key_size = _KEY.unpack_from(content, start)
    return _Record(size, key_size)


def _erase_key(content: mmap, start: int) -> None:
    struct.pack_into(">I", content, start + _TIME_IN_KEY, EPOCH)


def _erase_root_folder(content: mmap, begin: int) -> int:
    """Erase the times of the root folder and of its list of keys; return where that list is."""
    start = begin + _record(content, begin).key_size
    for _ in ("name", "title"):
        start += 1 + content[start]
    (version,) = struct.unpack_from(">H", content, start)
    layout = _FOLDER_BIG if version > _BIG_RECORD else _FOLDER_SMALL
    seek_keys: int = layout.unpack_from(content, start)[-1]
    struct.pack_into(">II", content, start + 2, EPOCH, EPOCH)
    position = seek_keys + _record(content, seek_keys).key_size
    (count,) = struct.unpack_from(">i", content, position)
    position += 4
    for _ in range(count):
        _erase_key(content, position)
        position += _record(content, position).key_size
    return seek_keys
