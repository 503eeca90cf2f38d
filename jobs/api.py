"""Run a channel from Python or a notebook, with a progress bar and results that show themselves."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import hist
from distributed import Client

from darkbelle.datasets import Dataset
from darkbelle.errors import ConfigurationError, IncompleteRunError
from darkbelle.jobs.executors.base import Executor
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.registry import make_executor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.progress import bar
from darkbelle.jobs.run import RunReport
from darkbelle.jobs.run import run as run_plan
from darkbelle.results import NOMINAL, Cutflow, HistogramKey
from darkbelle.runfolder import RunResult, load_result

__all__ = ["Run", "run"]


@dataclass(frozen=True)
class Run:
    """A finished run: where it is, what was done, and what came out."""

    folder: Path
    report: RunReport

    @cached_property
    def result(self) -> RunResult:
        """The merged result."""
        return load_result(self.folder)

    def histogram(
        self, dataset: str, observable: str, region: str = "sr", variation: str = NOMINAL
    ) -> hist.Hist:
        """Return a histogram, not scaled to luminosity."""
        return self.result.datasets[dataset].output.histograms[HistogramKey(region, observable, variation)]

    def cutflow(self, dataset: str, region: str = "sr") -> Cutflow:
        """Return a cutflow, not scaled to luminosity."""
        return self.result.datasets[dataset].output.cutflows[region]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{item.rows_processed}</td><td>{item.rows_quarantined}</td>"
            f"<td>{item.output.events}</td></tr>"
            for name, item in self.result.datasets.items()
        )
        return (
            f"<p>{html.escape(self.result.channel)} in <code>{html.escape(str(self.folder))}</code></p>"
            f"<table><tr><th>dataset</th><th>rows</th><th>quarantined</th><th>events</th></tr>{rows}</table>"
        )


def run(  # noqa: PLR0913  # what one says in a notebook in one call
    channel: str,
    files: str | Path | Iterable[str | Path] | Mapping[str, Dataset],
    folder: str | Path,
    *,
    luminosity_fb: float | None = None,
    options: Mapping[str, Any] | None = None,
    executor: str | Executor = "local",
    workers: int = 1,
    scheduler: str | None = None,
    client: Client | None = None,
    plan: PlanOptions | None = None,
    allow_loss: bool = False,
) -> Run:
    """Run a channel over files, and return what came out.

    Called again it reuses all that has not changed.

    Parameters
    ----------
    channel
        Its name.
    files
        A dataset file, datasets by name, or ntuples of data, for which ``luminosity_fb`` is needed.
    folder
        The run folder, made if need be.
    luminosity_fb
        Integrated luminosity of ntuples of data, 1/fb.
    options
        Of the processor.
    executor, workers, scheduler
        Where to process, as on the command line; or an executor, such as ``CondorExecutor(site="naf")``.
    client
        A connection to Dask workers of one's own: process there. It is left open.
    plan
        How to plan; its ``processor`` gives way to ``options``.
    allow_loss
        Return a result although rows are missing from it.

    Raises
    ------
    ConfigurationError
        The channel, the files or the options are wrong.
    NtupleError
        Files are bad, or events stand in two places (`DuplicateEventsError`).
    IncompleteRunError
        Rows are missing: files were quarantined, or chunks could not be processed.
    """
    planning = plan or PlanOptions()
    if options is not None:
        planning = replace(planning, processor=options)
    make_plan(channel, _datasets(files, luminosity_fb), folder, planning, bar)
    if client is not None:
        if executor not in ("local", "dask"):
            raise ConfigurationError(f"a client processes on its own workers: drop executor={executor!r}")
        executor = DaskExecutor(client=client, scheduler=scheduler)
    elif not isinstance(executor, Executor):
        executor = make_executor(executor, workers=workers, scheduler=scheduler)
    report = run_plan(folder, executor, allow_loss=allow_loss, progress=bar)
    if not (report.complete or allow_loss):
        reasons = "\n".join(f"  {chunk}: {failure.reason}" for chunk, failure in report.failed[:10])
        raise IncompleteRunError(
            f"{report.rows_lost} rows are missing: {len(report.failed)} chunks failed, and what the plan "
            f"quarantined is left out, of which nobody could count {len(report.uncounted)} files. What "
            f"is done is kept: mend the cause and run again, or pass allow_loss=True\n{reasons}"
        )
    return Run(Path(folder), report)


def _datasets(files: object, luminosity_fb: float | None) -> str | Path | Mapping[str, Dataset]:
    if isinstance(files, Mapping):
        return files
    if isinstance(files, str | Path) and Path(files).suffix in {".yaml", ".yml"}:
        return files
    listed = [files] if isinstance(files, str | Path) else list(files)  # type: ignore[call-overload]
    if luminosity_fb is None:
        raise ConfigurationError(
            "ntuples without a dataset file are taken for data, and need luminosity_fb in 1/fb; for "
            "simulation give a dataset file or datasets by name"
        )
    paths = tuple(str(Path(file).resolve()) for file in listed)
    return {"data": Dataset(process="data", files=paths, luminosity_fb=luminosity_fb)}
