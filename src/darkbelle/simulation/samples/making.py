"""Make samples with one or several processes, and write the dataset file that normalises them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from darkbelle.datasets import Dataset, write_datasets
from darkbelle.errors import ConfigurationError
from darkbelle.provenance import versions
from darkbelle.simulation.samples.blocks import (
    DEFAULT_STEERING,
    Block,
    BlockRecord,
    SampleRequest,
    finished,
    make_block,
)

__all__ = ["Progress", "make_samples", "simulate_sample"]

Progress = Callable[[int, int], None]  # events done, events in all


def simulate_sample(  # noqa: PLR0913  # what one says in a notebook in one call
    process: str,
    events: int,
    seed: int,
    out: str | Path,
    options: Mapping[str, Any] | None = None,
    *,
    steering: str = DEFAULT_STEERING,
    detector: Mapping[str, Mapping[str, Any]] | None = None,
    region: str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Dataset:
    """Make one sample, and ``<name>.yaml`` in ``out``, its dataset file.

    Parameters
    ----------
    process, events, seed, options, steering, detector, region
        See `SampleRequest`.
    out
        Folder; the ntuples go into a folder of the sample's name in it.
    workers
        Processes; the files do not depend on it.
    progress
        Called with the numbers of events done and in all.

    Returns
    -------
    Dataset
        With paths relative to ``out``.

    Raises
    ------
    ConfigurationError
        There is no such generator or steering, or generator or detector do not know an option.
    """
    request = SampleRequest(
        process, events, seed, dict(options or {}), steering=steering, detector=detector or {}, region=region
    )
    datasets = make_samples([request], out, workers=workers, progress=progress)
    write_datasets(Path(out) / f"{request.name}.yaml", datasets)
    return datasets[request.name]


def make_samples(
    requests: Sequence[SampleRequest],
    out: str | Path,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Dataset]:
    """Make samples, the blocks of all of them shared among workers, and return datasets by name.

    Blocks that were made before with the same seed, options, code and versions are kept.

    Raises
    ------
    ConfigurationError
        Two samples have one name.
    """
    folder = Path(out)
    names = [request.name for request in requests]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(f"two samples are called {twice!r}; their files would overwrite each other")
    blocks = [block for request in requests for block in request.blocks(folder)]
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    records = _make_blocks(blocks, workers, progress)
    return {
        request.name: _dataset(request, [(b, records[b.path]) for b in blocks if b.sample is request], folder)
        for request in requests
    }


def _make_blocks(blocks: Sequence[Block], workers: int, progress: Progress | None) -> dict[Path, BlockRecord]:
    total = sum(block.events for block in blocks)
    records: dict[Path, BlockRecord] = {}
    done = 0
    for block, record in _each_made(blocks, workers):
        records[block.path] = record
        done += block.events
        if progress is not None:
            progress(done, total)
    return records


def _each_made(blocks: Sequence[Block], workers: int) -> Iterator[tuple[Block, BlockRecord]]:
    """Yield blocks with their records as they get ready: first those that were made before."""
    missing = []
    for block in blocks:
        record = finished(block)
        if record is None:
            missing.append(block)
        else:
            yield block, record
    if workers == 1 or len(missing) < 2:
        for block in missing:
            yield block, make_block(block)
        return
    # spawned, not forked: a fork of a process with threads, numba's or a notebook's, may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(missing)), mp_context=context) as pool:
        futures = {pool.submit(make_block, block): block for block in missing}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _dataset(request: SampleRequest, made: Sequence[tuple[Block, BlockRecord]], folder: Path) -> Dataset:
    generator = request.generator
    mass = getattr(generator, "mass", None)
    return Dataset(
        process=generator.process,
        files=tuple(block.path.relative_to(folder).as_posix() for block, _ in made),
        cross_section_fb=generator.cross_section_fb,
        branching_fraction=generator.branching_fraction,
        generated_events=sum(record.tried for _, record in made),
        mass=None if mass is None else float(mass),
        region=request.region,
        campaign="darkbelle",
        origin={
            "seed": request.seed,
            "options": dict(request.options),
            "block": request.block,
            "steering": request.steering,
            "detector": made[0][0].identity()["detector"],
            "kept_by_generator": sum(record.kept for _, record in made),
            "rows": sum(record.rows for _, record in made),
            "list": made[0][0].identity()["list"],
            "versions": versions(),
        },
    )
