"""Count what is missing: NaN and infinities by column, as additive counts of a chunk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MissingShare", "count_missing", "missing_shares"]


class MissingShare(NamedTuple):
    """How much of a column is missing: ``kind`` is ``nan`` or ``inf``, ``share`` that of all rows."""

    column: str
    kind: str
    rows: int
    share: float


def count_missing(columns: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """Count the NaN and the infinities of columns, for `darkbelle.results.ChunkOutput.counts`.

    Parameters
    ----------
    columns
        Arrays of any shape by name; integers have nothing missing.

    Returns
    -------
    dict
        ``nan/<column>`` and ``inf/<column>``, only where there are some.

    >>> import numpy as np
    >>> count_missing({"mu_plus.px": np.array([1.0, np.nan, np.inf]), "run": np.array([1, 2, 3])})
    {'nan/mu_plus.px': 1, 'inf/mu_plus.px': 1}
    """
    counts = {}
    for name, values in columns.items():
        if values.dtype.kind != "f":
            continue
        # one pass and no temporary array: a sum is finite only if all its terms are
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(np.sum(values)):
                continue
        counts[f"nan/{name}"] = int(np.count_nonzero(np.isnan(values)))
        counts[f"inf/{name}"] = int(np.count_nonzero(np.isinf(values)))
    return {name: count for name, count in counts.items() if count}


def missing_shares(counts: Mapping[str, int], rows: int) -> tuple[MissingShare, ...]:
    """Return the counts of `count_missing`, found among others, as shares of rows, the largest first."""
    shares = []
    for name, count in counts.items():
        kind, _, column = name.partition("/")
        if kind in {"nan", "inf"} and rows:
            shares.append(MissingShare(column, kind, count, count / rows))
    return tuple(sorted(shares, key=lambda item: (-item.rows, item.column, item.kind)))
