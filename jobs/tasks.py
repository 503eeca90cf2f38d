"""What travels between the driver of a run and its workers: a task there, a receipt back."""

from __future__ import annotations

import errno
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from darkbelle.datasets import Dataset
from darkbelle.errors import DarkbelleError

__all__ = ["ChunkTask", "Failure", "Receipt", "Task", "ToyTask", "is_transient", "read_task"]

# errors of storage and networks that may be gone a second later; others come back
TRANSIENT_ERRNOS: Final = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EINTR,
        errno.EIO,
        errno.EMFILE,
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENETDOWN,
        errno.ENETRESET,
        errno.EHOSTDOWN,
        errno.ENOTCONN,  # a file system of a process that has just been restarted
        errno.EREMOTEIO,
        errno.ENOLCK,
        errno.ESTALE,
        errno.ECONNRESET,
        errno.ECONNREFUSED,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.ETIMEDOUT,
    }
)

WORKER_LOST: Final = "WorkerLost"


class Task(BaseModel, ABC):
    """What executors know of a task, whatever is to be done; JSON can hold it.

    ``key`` is that of its result in the store of the folder ``run``; ``code`` is the digest of the sources
    that the result is to be of; ``path`` is the file that is read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    run: str
    code: str
    path: str

    @abstractmethod
    def moved(self, run: str, path: str) -> Self:
        """Return the task of a machine on which folder and file have other paths."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """What the receipt must account for: rows, or experiments."""

    @abstractmethod
    def __str__(self) -> str:
        """Return what a reader of a log needs to find it."""


class ChunkTask(Task):
    """All that a worker needs to know to process one chunk.

    ``dataset`` names only the one file that is read, so that a task stays small.
    """

    kind: Literal["chunk"] = "chunk"
    channel: str
    options: dict[str, Any]
    seed: int
    name: str
    dataset: Dataset
    fingerprint: str
    start: int
    stop: int

    def moved(self, run: str, path: str) -> Self:
        """Return the task with other paths."""
        dataset = self.dataset.model_copy(update={"files": (path,)})
        return self.model_copy(update={"run": run, "path": path, "dataset": dataset})

    @property
    def rows(self) -> int:
        """Rows that this chunk must account for."""
        return self.stop - self.start

    def __str__(self) -> str:
        """Return what a reader of a log needs to find the rows."""
        return f"dataset {self.name!r}, file {self.path}, entries {self.start} to {self.stop}"


class ToyTask(Task):
    """Some pseudo-experiments of a recipe, which the file holds; ``recipe`` is its digest."""

    kind: Literal["toys"] = "toys"
    recipe: str
    label: str
    start: int
    stop: int

    def moved(self, run: str, path: str) -> Self:
        """Return the task with other paths."""
        return self.model_copy(update={"run": run, "path": path})

    @property
    def rows(self) -> int:
        """How many experiments."""
        return self.stop - self.start

    def __str__(self) -> str:
        """Return which experiments, and of what."""
        return f"{self.label}, {self.start} to {self.stop} of recipe {self.recipe[:12]}"


_KINDS: Final[TypeAdapter[ChunkTask | ToyTask]] = TypeAdapter(
    Annotated[ChunkTask | ToyTask, Field(discriminator="kind")]
)


def read_task(content: Mapping[str, Any]) -> Task:
    """Return the task that ``model_dump`` wrote."""
    return _KINDS.validate_python(content)


@dataclass(frozen=True)
class Failure:
    """Why a chunk was not processed.

    ``kind`` is ``transient`` for errors that may go away by themselves, ``permanent`` for those that
    will not, ``memory`` when there was not enough of it, and ``lost`` when the worker vanished without
    a word.
    """

    kind: Literal["transient", "permanent", "memory", "lost"]
    type: str
    message: str
    notes: tuple[str, ...] = ()
    traceback: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Return what is to be kept of an exception."""
        return cls(
            kind=_kind(error),
            type=type(error).__name__,
            message=str(error),
            notes=tuple(getattr(error, "__notes__", ())),
            traceback="".join(traceback.format_exception(error)),
        )

    @property
    def deadly(self) -> bool:
        """Whether the rows killed their worker when it had nothing else to do, or were too many for it."""
        return self.kind == "memory" or (self.kind == "lost" and self.type == WORKER_LOST)

    @property
    def reason(self) -> str:
        """One line: type and message."""
        return f"{self.type}: {self.message}"


@dataclass(frozen=True)
class Receipt:
    """What became of one task: either its rows are in the store, or here is why not."""

    key: str
    rows: int
    seconds: float = 0.0
    failure: Failure | None = field(default=None)

    @classmethod
    def lost(cls, task: Task, message: str) -> Receipt:
        """Return the receipt of a task whose worker did not live to write one."""
        notes = (f"while processing {task}",)
        return cls(task.key, rows=0, failure=Failure("lost", WORKER_LOST, message, notes))

    @classmethod
    def undone(cls, task: Task, message: str) -> Receipt:
        """Return the receipt of a task that was not done for reasons that are not in its rows."""
        return cls(task.key, rows=0, failure=Failure("lost", "NotDone", message, (f"instead of {task}",)))


def _kind(error: BaseException) -> Literal["transient", "permanent", "memory"]:
    if any(isinstance(cause, MemoryError) for cause in _causes(error)):
        return "memory"
    return "transient" if is_transient(error) else "permanent"


def is_transient(error: BaseException) -> bool:
    """Say whether an error, or what caused it, may go away by itself."""
    return any(_may_pass(cause) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, DarkbelleError) or not isinstance(error, OSError):
        return False
    return isinstance(error, (TimeoutError, ConnectionError)) or error.errno in TRANSIENT_ERRNOS
