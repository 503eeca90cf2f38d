"""Make the plan of a run: look at every file once, find what is bad, and cut the rest into chunks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from darkbelle.channels import Channel
from darkbelle.datasets import Dataset, read_datasets
from darkbelle.errors import ConfigurationError, DuplicateEventsError, NtupleError
from darkbelle.jobs.bisection import with_cuts_of
from darkbelle.jobs.duplicates import repeated_rows
from darkbelle.jobs.inspection import InspectedFile, inspect
from darkbelle.jobs.merge import remove_products
from darkbelle.jobs.plan import Plan, PlannedDataset, Quarantined, load_plan
from darkbelle.jobs.progress import Progress, silent
from darkbelle.jobs.required import check_region
from darkbelle.jobs.run import locked
from darkbelle.processors import ChannelProcessor, load_processor
from darkbelle.runfolder import PLAN

__all__ = ["PlanOptions", "make_plan"]


@dataclass(frozen=True)
class PlanOptions:
    """How to plan.

    Parameters
    ----------
    chunk_rows
        About how many rows a chunk has; edges are on event boundaries.
    processor
        Options of the processor, the others are at their defaults.
    seed
        Of the random choice among candidates.
    quarantine
        Leave bad files out, and write down why, instead of refusing to plan. Events are checked, too: who
        leaves files out has to know of all that are bad.
    check_events
        Read the event keys of all rows, and look for events that stand twice. Without this the workers look
        at them, and the merge compares what may be the same, so that such a run ends without a result.
    allow_empty
        Take files without rows for good: jobs that found no candidate.
    threads
        Files looked at in parallel.
    """

    chunk_rows: int = 500_000
    processor: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    quarantine: bool = False
    check_events: bool = False
    allow_empty: bool = False
    threads: int = 4

    @property
    def checks_events(self) -> bool:
        """Whether the keys of all events are read."""
        return self.check_events or self.quarantine


def make_plan(
    channel: str,
    datasets: str | Path | Mapping[str, Dataset],
    run: str | Path,
    options: PlanOptions | None = None,
    progress: Progress = silent,
) -> Plan:
    """Make a plan and write it into a run folder, which need not exist.

    A folder that has a plan gets the new one; results in its store that still fit are kept.

    Parameters
    ----------
    channel
        Its name.
    datasets
        A dataset file, or datasets by name with absolute paths.
    run
        The run folder.

    Raises
    ------
    ConfigurationError
        The channel, the datasets or the options are wrong.
    NtupleError
        Files are bad; the message names each. Not raised with ``options.quarantine``.
    """
    options = options or PlanOptions()
    processor = load_processor(channel, options.processor)
    if not isinstance(datasets, Mapping):
        datasets = read_datasets(datasets)
    _check_processes(processor.channel, datasets)
    for name, dataset in datasets.items():
        check_region(processor, dataset.region, f"dataset {name!r}")
    inspected = _inspect_all(processor, datasets, options, progress)
    bad = [item for item in inspected if isinstance(item, Quarantined)]
    good = [item for item in inspected if isinstance(item, InspectedFile)]
    if not options.allow_empty:
        bad += [_empty(item) for item in good if not item.planned.entries]
        good = [item for item in good if item.planned.entries]
    good, repeated = repeated_rows(good, datasets)
    bad = [_with_rows(item, good) for item in (*bad, *repeated)]
    if bad and not options.quarantine:
        raise _report(bad)
    plan = Plan(
        schema=1,
        channel=channel,
        # as JSON has them, so that a plan that is read back is the same
        options=json.loads(json.dumps(asdict(processor))),
        seed=options.seed,
        chunk_rows=options.chunk_rows,
        datasets={
            name: PlannedDataset(
                metadata=metadata, files=tuple(item.planned for item in good if item.dataset == name)
            )
            for name, metadata in datasets.items()
        },
        quarantined=tuple(bad),
        events_checked=options.checks_events,
    )
    return _written(plan, Path(run))


def _check_processes(channel: Channel, datasets: Mapping[str, Dataset]) -> None:
    for name, dataset in datasets.items():
        if not dataset.is_data and dataset.process not in channel.processes:
            raise ConfigurationError(
                f"dataset {name!r} is of process {dataset.process!r}, which channel {channel.name!r} does "
                f"not declare; it has {', '.join(channel.processes)}, and data"
            )


def _inspect_all(
    processor: ChannelProcessor,
    datasets: Mapping[str, Dataset],
    options: PlanOptions,
    progress: Progress,
) -> list[InspectedFile | Quarantined]:
    """Look at all files, several at a time, in the order of the datasets."""
    listed = [(name, file) for name, dataset in sorted(datasets.items()) for file in dataset.files]
    with progress("looking", len(listed)) as advance, ThreadPoolExecutor(options.threads) as pool:

        def look(item: tuple[str, str]) -> InspectedFile | Quarantined:
            name, file = item
            found = inspect(
                name,
                file,
                datasets[name],
                processor,
                options.chunk_rows,
                check_events=options.checks_events,
            )
            advance(1)
            return found

        return list(pool.map(look, listed))


def _empty(file: InspectedFile) -> Quarantined:
    return Quarantined(
        dataset=file.dataset,
        path=file.planned.path,
        kind="empty",
        reason=f"{file.planned.path} has no rows; produce it again, or pass --allow-empty if a job may well "
        "find no candidate",
        rows=0,
    )


def _with_rows(item: Quarantined, good: Sequence[InspectedFile]) -> Quarantined:
    """Estimate the rows of a file that nobody can count by the mean of its dataset's good files."""
    if item.rows or item.kind != "unreadable":
        return item
    others = [file.planned.entries for file in good if file.dataset == item.dataset]
    if not others:
        return item
    return item.model_copy(update={"rows": round(sum(others) / len(others)), "estimated": True})


def _report(bad: Sequence[Quarantined]) -> NtupleError:
    """Return one error that names all bad files."""
    only_duplicates = all(item.kind == "duplicate" for item in bad)
    kind = DuplicateEventsError if only_duplicates else NtupleError
    lines = "\n".join(f"  {item.dataset}: {item.kind}: {item.reason}" for item in bad)
    count = "1 file" if len(bad) == 1 else f"{len(bad)} files"
    return kind(f"{count} cannot be used:\n{lines}\nmend them, or plan with --quarantine to leave them out")


def _written(plan: Plan, run: Path) -> Plan:
    run.mkdir(parents=True, exist_ok=True)
    with locked(run):
        if (run / PLAN).exists():
            earlier = load_plan(run)
            if earlier.inputs != plan.inputs:
                remove_products(run)  # they are of other inputs
            plan = with_cuts_of(earlier, plan)
        plan.write(run)
    return plan
