"""A whole analysis on simulated collisions, from generators to a page of plots."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkbelle.channels import load_channel
from darkbelle.errors import IncompleteRunError, RunError
from darkbelle.fitting.analysis import Analysis, load_analysis
from darkbelle.fitting.page import Section
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.progress import bar, counter
from darkbelle.jobs.reports.pages import write_reports
from darkbelle.jobs.run import run as run_plan
from darkbelle.provenance import code_digest
from darkbelle.runfolder import RESULT, SCHEMA, read_json, write_json
from darkbelle.simulation.samples import make_catalogue
from darkbelle.simulation.samples.catalogue import Size

__all__ = ["Demonstration", "demonstrate"]

STAMP = "finished.json"


@dataclass(frozen=True)
class Demonstration:
    """What came out of a demonstration: what the analysis has to show, and the page with all of it."""

    sections: tuple[Section, ...]
    page: Path


def demonstrate(channel: str, size: Size, out: Path, *, workers: int = 2, seed: int = 1) -> Demonstration:
    """Simulate, plan, run, compute the channel's result, and write a report.

    Samples, chunks and results that are up to date are not made again.

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
    analysis = load_analysis(channel)
    stamp = run / STAMP
    if not _is_current(stamp, _made_from(run, analysis, seed)):
        with counter(load_channel(channel).result) as progress:
            analysis.finish(run, seed=seed, workers=workers, progress=progress)
        write_json(stamp, {"schema": SCHEMA, "made_from": _made_from(run, analysis, seed)})
    (page,) = write_reports([run], out / "report")
    return Demonstration(tuple(analysis.sections(run)), page)


def _made_from(run: Path, analysis: Analysis, seed: int) -> dict[str, Any]:
    """Return what a result depends on, and what it is: somebody may have computed another since."""
    files = [run / name for name in (RESULT, *analysis.outputs)]
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.exists()}
    return {**digests, "code": code_digest("fitting", "channels"), "seed": seed}


def _is_current(stamp: Path, made_from: dict[str, Any]) -> bool:
    try:
        return bool(read_json(stamp)["made_from"] == made_from)
    except RunError:
        return False
