"""The last step of a channel: from a merged run to its result, and to what there is to show of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from darkbelle.channels import channel_names
from darkbelle.errors import ConfigurationError
from darkbelle.fitting.couplings import Model
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.page import Section

__all__ = ["Analysis", "Overlay", "load_analysis"]


@dataclass(frozen=True)
class Overlay:
    """A curve to draw over limits on a coupling: a file of mass in GeV and coupling, comma separated.

    ``label`` is its legend entry, the file's name by default, and ``model`` the only one it is drawn in.
    """

    path: Path
    label: str | None = None
    model: Model = "fully_invisible"


class Analysis(ABC):
    """What a channel does with a merged run.

    Attributes
    ----------
    outputs
        Names of the files of the run folder that `finish` writes.
    """

    outputs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def finish(self, run: Path, *, seed: int, workers: int, progress: Progress | None) -> None:
        """Compute the result of a run with its defaults, and write it into the run folder.

        Parameters
        ----------
        run
            With merged results.
        seed
            Of pseudo-data.
        workers
            Processes.
        progress
            Called with the number of steps done and to do.
        """

    @abstractmethod
    def sections(self, run: Path, *, overlay: Overlay | None = None) -> Iterator[Section]:
        """Yield what there is to show of a run: of its selection always, of its result if it is there."""


def load_analysis(channel: str) -> Analysis:
    """Return the analysis of a channel: the class defined in ``fitting/<channel>.py``.

    Raises
    ------
    ConfigurationError
        There is no such channel, or it has no last step.
    """
    name = f"darkbelle.fitting.{channel}"
    if channel not in channel_names() or find_spec(name) is None:
        known = ", ".join(c for c in channel_names() if find_spec(f"darkbelle.fitting.{c}"))
        raise ConfigurationError(f"channel {channel!r} has no analysis in fitting/; there are: {known}")
    found = next(
        item
        for item in vars(import_module(name)).values()
        if isinstance(item, type) and issubclass(item, Analysis) and item.__module__ == name
    )
    return found()
