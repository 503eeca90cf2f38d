"""Where a product comes from: versions, revision, machine, time."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["code_digest", "provenance", "versions"]

# the packages that can change a number in a result
NUMERIC_PACKAGES = ("awkward", "boost-histogram", "coffea", "darkbelle", "hist", "numba", "numpy", "uproot")


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that can change a result."""
    return {"python": platform.python_version()} | {name: version(name) for name in NUMERIC_PACKAGES}


@cache
def code_digest(*subpackages: str) -> str:
    """Return a digest of the sources of subpackages of darkbelle, and of its top-level modules.

    Parameters
    ----------
    *subpackages
        For instance ``"kernels"``, ``"selections"``.
    """
    root = Path(__file__).parent
    sources = [*root.glob("*.py")]
    for name in subpackages:
        sources += [path for path in (root / name).rglob("*") if path.suffix in {".py", ".yaml"}]
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _revision() -> str:
    root = Path(__file__).resolve().parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return answer.stdout.strip() or "unknown"


def provenance(**inputs: Any) -> dict[str, Any]:
    """Return a record of what made a product: code, versions, command, machine, time, and inputs."""
    return {
        "made_by": f"darkbelle {version('darkbelle')}",
        "revision": _revision(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "versions": versions(),
        "platform": platform.platform(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": inputs,
    }
