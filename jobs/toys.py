"""Pseudo-experiments through the result store: on any executor, exactly once, and taken up again.

The folder of a study is laid out as that of a run::

    FOLDER/recipes/       what is drawn and fitted, a file a recipe, named by its digest
    FOLDER/chunks/        the result store: one checksummed file, and a parquet table, a batch
    FOLDER/failures/      why a batch failed

An experiment depends on its recipe and number only, so its numbers are the same in any batch.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from darkbelle.errors import IncompleteRunError, RunError
from darkbelle.fitting.studies.recipes import Columns, Make, Recipe, read_recipe
from darkbelle.jobs.attempts import attempt
from darkbelle.jobs.collecting import collect
from darkbelle.jobs.condor.batch import take_in_all
from darkbelle.jobs.executors.base import Executor
from darkbelle.jobs.progress import Progress, silent
from darkbelle.jobs.run import locked
from darkbelle.jobs.store import ResultStore, key_of
from darkbelle.jobs.tasks import Receipt, ToyTask
from darkbelle.provenance import code_digest, versions
from darkbelle.results import ChunkOutput
from darkbelle.runfolder import SCHEMA, canonical_json, write_bytes

__all__ = ["make_batch", "store_maker"]

BATCH: Final = 2000  # experiments
RECIPES: Final = "recipes"
TABLE: Final = "toys"  # stands for the region of columns of events

# where the code lives that an experiment can depend on
TOY_CODE = ("fitting/fast", "fitting/studies", "kernels")


class _Batch(NamedTuple):
    """Some experiments of a recipe, and the key of their columns."""

    key: str
    recipe: Recipe
    start: int
    stop: int


def store_maker(
    folder: str | Path, executor: Executor, *, batch: int = BATCH, progress: Progress = silent
) -> Make:
    """Return a maker that works with an executor and keeps what it makes in a folder.

    What is there already is used: a study that was stopped, or killed, goes on where it was, with any
    executor. The columns do not depend on that.

    Parameters
    ----------
    folder
        Made if need be. Other machines have to share it, but for those of an HTCondor site to which files
        are transferred.
    executor
        Where to work.
    batch
        Experiments a task; fewer of those that cost more.
    """
    folder = Path(folder)

    def make(recipes: Sequence[Recipe]) -> list[Columns]:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            return _made(folder, recipes, executor, batch, progress)

    return make


def make_batch(task: ToyTask) -> Receipt:
    """Make some experiments and write their columns into the store; any error is on the receipt."""
    return attempt(task, lambda: _make_and_store(task), f"in {task}")


def _make_and_store(task: ToyTask) -> int:
    if code_of_toys() != task.code:
        raise RunError(
            "this worker has other sources of darkbelle than the driver, so its experiments would be of "
            "another code; give both the same installation, and restart workers after a change"
        )
    columns = _recipe(task.path).columns(range(task.start, task.stop))
    ResultStore(task.run).put(task.key, ChunkOutput(task.rows, task.rows, columns={TABLE: dict(columns)}))
    return task.rows


def code_of_toys() -> str:
    """Return the digest of all sources that an experiment can depend on."""
    return code_digest(*TOY_CODE)


@cache
def _recipe(path: str) -> Recipe:
    """Return the recipe of a file, read and compiled once a process."""
    return read_recipe(json.loads(gzip.decompress(Path(path).read_bytes())))


def _recipe_path(folder: Path, digest: str) -> Path:
    return folder / RECIPES / f"{digest}.json.gz"


def _made(
    folder: Path, recipes: Sequence[Recipe], executor: Executor, size: int, progress: Progress
) -> list[Columns]:
    take_in_all(folder)
    store = ResultStore(folder)
    batches = [list(_batches(recipe, size)) for recipe in recipes]
    everything = {batch.key: batch for some in batches for batch in some}
    survey = store.survey(everything)
    for key in survey.damaged:
        store.discard(key)
    todo = [batch for key, batch in everything.items() if key not in survey.present]
    (folder / RECIPES).mkdir(exist_ok=True)
    for digest, recipe in {batch.recipe.digest: batch.recipe for batch in todo}.items():
        content = gzip.compress(canonical_json(recipe.as_json()), compresslevel=4, mtime=0)
        write_bytes(_recipe_path(folder, digest), content)
    failures = collect(
        make_batch,
        (_task(folder, batch) for batch in todo),
        {batch.key: batch.stop - batch.start for batch in todo},
        store,
        executor,
        progress,
    )
    if failures:
        first = next(iter(failures.values()))
        raise IncompleteRunError(
            f"{len(failures)} of {len(everything)} batches of experiments failed, such as by {first.reason}; "
            "what is done is kept: mend the cause and run again"
        )
    return [_columns(store, some) for some in batches]


def _batches(recipe: Recipe, size: int) -> Iterator[_Batch]:
    digest = recipe.digest
    size = max(size // recipe.cost, 1)
    for start in range(0, recipe.toys, size):
        stop = min(start + size, recipe.toys)
        content = {
            "schema": SCHEMA,
            "recipe": digest,
            "toys": [start, stop],
            "code": code_of_toys(),
            "versions": versions(),
        }
        yield _Batch(key_of(content), recipe, start, stop)


def _task(folder: Path, batch: _Batch) -> ToyTask:
    folder, digest = folder.resolve(), batch.recipe.digest
    return ToyTask(
        key=batch.key,
        run=str(folder),
        code=code_of_toys(),
        path=str(_recipe_path(folder, digest)),
        recipe=digest,
        label=str(batch.recipe),
        start=batch.start,
        stop=batch.stop,
    )


def _columns(store: ResultStore, batches: Sequence[_Batch]) -> Columns:
    """Return the columns of batches, one after the other."""
    tables = [pq.read_table(store.get(batch.key).columns[TABLE]) for batch in batches]
    return {
        name: np.concatenate([table[name].to_numpy() for table in tables]) for name in tables[0].column_names
    }
