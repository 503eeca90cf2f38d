"""RooStats' AsymptoticCalculator behind the interface of all engines, for cross-checks.

ROOT runs in a Python of its own, since its wheel is an alpha release and pins other things; workspaces go
there in HS3. RooStats computes CLs on values about the limits of the fast engine, and its limits are where
its own CLs crosses; so it must cross there, and where it does not it has no limit.
"""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.engines.base import Failure, Outcome, Progress, UpperLimit
from darkbelle.fitting.fast.asymptotic import asymptotic_limits
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.hs3 import hs3_of

__all__ = ["SCRIPT", "RooStatsEngine"]

SCRIPT = Path(__file__).with_name("roostats_script.py")
_FACTORS = (0.7, 0.97, 0.995, 1.005, 1.03, 1.4)  # of a limit, at which CLs is computed


@dataclass(frozen=True)
class RooStatsEngine:
    """An engine that runs RooStats in the interpreter ``python``."""

    python: Path

    def __call__(
        self,
        workspaces: Sequence[dict[str, Any]],
        confidence_level: float,
        *,
        workers: int = 1,  # noqa: ARG002  it is for a few
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Return one outcome a workspace, in order."""
        outcomes: list[Outcome] = []
        for workspace in workspaces:
            try:
                outcomes.append(self._limits(workspace, confidence_level))
            except FitError as error:
                outcomes.append(Failure(str(error)))
            if progress is not None:
                progress(len(outcomes), len(workspaces))
        return outcomes

    def _limits(self, workspace: dict[str, Any], confidence_level: float) -> UpperLimit:
        ours = asymptotic_limits(compile_workspace(workspace), confidence_level)
        values = sorted({limit * factor for limit in (ours.observed, *ours.expected) for factor in _FACTORS})
        rows = self._run(hs3_of(workspace), values, confidence_level)
        crossings = [_crossing(rows[:, 0], rows[:, 1 + k], 1 - confidence_level) for k in range(6)]
        return UpperLimit(
            observed=crossings[0],
            expected=tuple(crossings[1:]),
            best_fit=math.nan,  # its own is not passed on
            significance=math.nan,
            evaluations=len(values),
            bounds_hit=(),
            rescued=0,
            largest_edm=math.nan,
        )

    def _run(self, hs3: dict[str, Any], values: list[float], confidence_level: float) -> Any:
        with tempfile.TemporaryDirectory(prefix="darkbelle-roostats-") as folder:
            model, tasks, results = (
                Path(folder) / name for name in ("model.json", "tasks.json", "results.json")
            )
            model.write_text(json.dumps(hs3), encoding="utf-8")
            wanted = {
                "confidence_level": confidence_level,
                "workspaces": [{"hs3": str(model), "values": values}],
            }
            tasks.write_text(json.dumps(wanted), encoding="utf-8")
            try:
                done = subprocess.run(
                    [str(self.python), str(SCRIPT), str(tasks), str(results)],
                    capture_output=True,
                    text=True,
                    check=False,
                )
            except OSError as error:
                raise FitError(
                    f"{self.python} cannot be started: {error}; name a Python with ROOT"
                ) from error
            if not results.exists():
                last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
                raise FitError(f"RooStats ended with code {done.returncode}: {' '.join(last)}")
            (answer,) = json.loads(results.read_text(encoding="utf-8"))["answers"]
        if "failed" in answer:
            raise FitError(f"RooStats: {answer['failed']}")
        return np.array(answer["rows"])


def _crossing(values: Any, levels: Any, wanted: float) -> float:
    """Return where ln CLs, linear between neighbours, falls to a value."""
    with np.errstate(divide="ignore"):
        heights = np.log(levels / wanted)
    for (low, above), (high, below) in pairwise(zip(values, heights, strict=True)):
        if above >= 0 > below and np.isfinite(below):
            return float(low + (high - low) * above / (above - below))
    raise FitError(
        f"RooStats' CLs does not fall to {wanted:g} between {values[0]:g} and {values[-1]:g}; there it is "
        f"{levels[0]:.3g} and {levels[-1]:.3g}"
    )
