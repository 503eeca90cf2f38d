"""Look at an installation and at ntuples, for a user who wonders what is wrong."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import uproot

from darkbelle.channels import channel_names
from darkbelle.errors import DarkbelleError
from darkbelle.jobs.required import required_variables
from darkbelle.kernels import compilation
from darkbelle.ntuple.describing import describe_file
from darkbelle.ntuple.keys import event_keys
from darkbelle.ntuple.names import unescape
from darkbelle.ntuple.quality import count_missing, missing_shares
from darkbelle.ntuple.tables import is_parquet, open_table
from darkbelle.provenance import versions

__all__ = ["EnvironmentReport", "FileReport", "examine_environment", "examine_file"]

SHOWN: Final = 6  # names of a long list
SMALL_BASKET: Final = 32_000  # bytes: below it, seeking and opening take longer than decompressing
SAMPLED_ROWS: Final = 100_000  # in which NaN are counted
LITTLE_SPACE: Final = 2e9  # bytes


@dataclass(frozen=True)
class EnvironmentReport:
    """What the installation is, and what must be mended."""

    facts: dict[str, Any]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileReport:
    """What a file is, what must be mended, and what would be better."""

    path: str
    facts: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def examine_environment() -> EnvironmentReport:
    """Look at versions, cores, disk and numba's cache."""
    cache = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(compilation.__file__).parent)
    free = shutil.disk_usage(Path.cwd()).free
    problems = []
    if not _writable(cache):
        problems.append(
            f"numba cannot write its cache into {cache}, so every process compiles again for some seconds; "
            "set NUMBA_CACHE_DIR to a folder of yours"
        )
    if free < LITTLE_SPACE:
        problems.append(f"{Path.cwd()} has {free / 1e9:.1f} GB left; free some space or change the folder")
    facts = {
        **versions(),
        "cores": os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0)),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "not set"),
        "numba cache": str(cache),
        "free disk": f"{free / 1e9:.0f} GB",
        "channels": ", ".join(channel_names()),
    }
    return EnvironmentReport(facts, tuple(problems))


def examine_file(
    path: str | Path, tree: str = "variables", channel: str | None = None, region: str | None = None
) -> FileReport:
    """Look at one file: rows, branches, duplicates, NaN, baskets, and what a channel would miss."""
    try:
        described = describe_file(path, tree)
        keys = event_keys(path, tree)
    except DarkbelleError as error:
        return FileReport(str(path), problems=(str(error),))
    problems = [
        f"{path}: branch {name!r} stands there several times with different values; produce it again"
        for name in described.unequal_duplicates
    ]
    try:
        keys.check_contiguous(str(path))
        if channel is not None:
            required_variables(channel, path, tree, region)
    except DarkbelleError as error:
        problems.append(str(error))
    basket = None if is_parquet(str(path)) else _median_basket(path, tree)
    missing = missing_shares(_missing(path, tree), min(described.entries, SAMPLED_ROWS))
    facts = {
        "tree": tree,
        "rows": described.entries,
        "events": len(keys.boundaries()) - 1,
        "size": f"{described.size / 1e6:.1f} MB",
        "uuid": described.uuid,
        "numeric branches": len(described.branches),
        "event based": described.event_based,
        "branches that stand there twice": _some(tuple(described.duplicates)),
        "NaN or infinite": _some([f"{unescape(item.column)} {item.share:.0%}" for item in missing]),
        "median basket": "-" if basket is None else f"{basket} bytes",
    }
    advice = []
    if basket is not None and basket < SMALL_BASKET and described.size > 1_000_000:
        advice.append(
            f"its baskets are small ({basket} bytes): `darkbelle slim` makes it read several times faster"
        )
    if not described.entries:
        advice.append("it has no rows: plan with --allow-empty if that is to be expected")
    return FileReport(str(path), facts, tuple(problems), tuple(advice))


def _some(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "none") + more


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _median_basket(path: str | Path, tree: str) -> int:
    with uproot.open(path) as file:
        sizes = [
            branch.basket_compressed_bytes(i)
            for branch in file[tree].branches
            for i in range(min(branch.num_baskets, 3))
        ]
    return int(np.median(sizes)) if sizes else 0


def _missing(path: str | Path, tree: str) -> dict[str, int]:
    table = open_table(path, tree)
    rows = min(table.entries, SAMPLED_ROWS)
    names = [name for name in table.types if name not in table.jagged and name not in table.duplicates]
    counts: dict[str, int] = {}
    for name in names:
        counts |= count_missing({name: table.read(name, 0, rows)})
    return counts
