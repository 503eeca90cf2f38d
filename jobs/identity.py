"""Tell a file from any other, and see whether it has changed, without reading all of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from darkbelle.errors import UnreadableFileError

__all__ = ["check_identity", "fingerprint"]

SAMPLES: Final = 32
SAMPLE_BYTES: Final = 16_384


def fingerprint(path: str | Path) -> str:
    """Return the SHA-256 of a file's size and of 32 pieces of 16 kB spread evenly over it.

    Files up to half a megabyte are read whole. Of larger ones, head and tail (where ROOT keeps
    names, times and the places of all baskets) are among the pieces, so that a file that was written
    anew differs; a single flipped bit may hide between them, and is left to ROOT's checksums.

    Raises
    ------
    UnreadableFileError
        The file cannot be read.
    """
    path = Path(path)
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        digest.update(f"{size}\n".encode())
        with path.open("rb") as file:
            last = max(0, size - SAMPLE_BYTES)
            # pieces at most 16 kB apart cover the file
            samples = min(SAMPLES, -(-size // SAMPLE_BYTES))
            for i in range(samples):
                file.seek(last * i // max(1, samples - 1))
                digest.update(file.read(SAMPLE_BYTES))
    except OSError as error:
        raise UnreadableFileError(
            f"{path} cannot be read: {error.strerror or error}; bring it back, or plan again without it"
        ) from error
    return digest.hexdigest()


def check_identity(path: str | Path, planned: str) -> None:
    """Raise if a file is not the one that was planned.

    Raises
    ------
    UnreadableFileError
        The file has changed, or cannot be read.
    """
    if fingerprint(path) != planned:
        raise UnreadableFileError(
            f"{path} has changed since the run was planned; plan again to use it as it is now"
        )
