"""A whole search on simulated collisions, from generators to a page of plots."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkbelle.errors import IncompleteRunError, RunError
from darkbelle.fitting.interpretation import MODELS, Interpretation, interpret
from darkbelle.fitting.limits import Limits, compute_limits, read_limits
from darkbelle.fitting.workspaces import build_workspaces
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.progress import bar, counter
from darkbelle.jobs.reports.pages import write_reports
from darkbelle.jobs.run import run as run_plan
from darkbelle.provenance import code_digest
from darkbelle.runfolder import LIMITS, RESULT, SCHEMA, read_json, write_json
from darkbelle.simulation.samples import make_catalogue
from darkbelle.simulation.samples.catalogue import Size

__all__ = ["Demonstration", "demonstrate"]

STAMP = "made_from.json"


@dataclass(frozen=True)
class Demonstration:
    """What came out of a demonstration."""

    limits: Limits
    interpretations: tuple[Interpretation, ...]
    page: Path


def demonstrate(channel: str, size: Size, out: Path, *, workers: int = 2, seed: int = 1) -> Demonstration:
    """Simulate, plan, run, build workspaces, compute limits, interpret them, and write a report.

    Samples, chunks and limits that are up to date are not made again.

    Raises
    ------
    IncompleteRunError
        Chunks could not be processed.
    """
    samples, run = out / "samples", out / "run"
    with counter("simulating") as progress:
        make_catalogue(channel, size, samples, seed=seed, workers=workers, progress=progress)
    # a block of a rare process may well have no candidate
    make_plan(channel, samples / "datasets.yaml", run, PlanOptions(seed=seed, allow_empty=True), bar)
    report = run_plan(run, DaskExecutor(workers=workers), progress=bar)
    if not report.merged:
        chunk, failure = report.failed[0]
        raise IncompleteRunError(
            f"{len(report.failed)} chunks failed, the first in {chunk}: {failure.reason}; "
            f"for all of them see `darkbelle status {run}`"
        )
    limits = _limits(run, workers, seed)
    interpretations = tuple(interpret(run, model) for model in MODELS)
    (page,) = write_reports([run], out / "report")
    return Demonstration(limits, interpretations, page)


def _limits(run: Path, workers: int, seed: int) -> Limits:
    """Return the limits of a run, computed anew if the result or the code of the fit has changed."""
    stamp = run / "workspaces" / STAMP
    if _is_current(stamp, _made_from(run, seed)):
        return read_limits(run)
    build_workspaces(run, run / "workspaces", seed=seed)
    with counter("limits") as progress:
        limits = compute_limits(run, workers=workers, seed=seed, progress=progress)
    write_json(stamp, {"schema": SCHEMA, "made_from": _made_from(run, seed)})
    return limits


def _made_from(run: Path, seed: int) -> dict[str, Any]:
    """Return what limits depend on, and what they are: somebody may have computed others since."""
    files = [run / RESULT, run / LIMITS]
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.exists()}
    return {**digests, "code": code_digest("fitting", "channels"), "seed": seed}


def _is_current(stamp: Path, made_from: dict[str, Any]) -> bool:
    try:
        return bool(read_json(stamp)["made_from"] == made_from)
    except RunError:
        return False
