"""What all processors share: what they are, how they read columns, and how they fill histograms."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

import awkward as ak
import hist
import numpy as np
from coffea.processor import ProcessorABC
from numpy.typing import NDArray

from darkbelle.channels import Channel, load_channel
from darkbelle.ntuple.candidates import best_candidate_mask
from darkbelle.ntuple.keys import EventKeys
from darkbelle.results import ChunkOutput
from darkbelle.selections.cuts import Columns, Mask
from darkbelle.vectors import Column, FourVector

__all__ = [
    "BEAM_COLUMNS",
    "ChannelProcessor",
    "Events",
    "Filled",
    "empty_histogram",
    "filled",
    "one_candidate",
    "read_columns",
    "stored_beams",
    "with_prefix",
]

BEAM_COLUMNS: Final = ("beam_px", "beam_py", "beam_pz", "beam_energy")


class ChannelProcessor(ProcessorABC):  # type: ignore[misc]  # coffea ships no types
    """A frozen dataclass of options with one `process`.

    It keeps no state, pickles, and gives the same sum however a dataset is cut into chunks, as long
    as an event stays in one chunk. coffea's own Runner takes it as well.

    Attributes
    ----------
    channel_name
        The channel whose declaration it follows.
    reads
        The columns that it needs, ``<particle>.<field>`` or the name of an event column.
    region_reads
        Those that it needs besides of a dataset for one region, by region. Where there are any, every
        dataset names its region.
    truth_reads
        Those that it reads from simulation besides.
    optional_reads
        Those that it reads where the file has them, and does without where not.
    """

    channel_name: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    region_reads: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    truth_reads: ClassVar[tuple[str, ...]] = ()
    optional_reads: ClassVar[tuple[str, ...]] = ()

    @property
    def channel(self) -> Channel:
        """The declaration that the processor and its fit share."""
        return load_channel(self.channel_name)

    @abstractmethod
    def process(self, rows: ak.Array) -> ChunkOutput:
        """Return histograms, cutflow and counts of some rows of one dataset.

        Parameters
        ----------
        rows
            As `darkbelle.ntuple.reading.open_rows` returns them; ``rows.metadata`` has ``dataset``,
            ``process``, ``region``, ``is_data``, ``mass`` and ``seed``.
        """

    def postprocess(self, accumulator: Any) -> Any:
        """Return the merged output as it is: what is not additive comes after the run."""
        return accumulator


@dataclass(frozen=True)
class Events:
    """Some events: their columns by name and their weights, shape (n,), and their beams.

    ``beam`` is the total four-momentum of the beams, lab, GeV, shape (n,), or (1,) where it is the
    same in all of them.
    """

    columns: dict[str, NDArray[Any]]
    weights: Column
    beam: FourVector

    def rows(self, mask: Mask, names: Sequence[str]) -> Events:
        """Return the chosen events, with the columns named."""
        index = np.flatnonzero(mask)
        columns = {name: self.columns[name][index] for name in names}
        return Events(columns, self.weights[index], self.beam.rows(index))


def read_columns(
    rows: ak.Array, names: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, NDArray[Any]]:
    """Return columns of virtual rows as numpy arrays, one leaf at a time, each of shape (rows,).

    Parameters
    ----------
    names
        ``<particle>.<field>`` or the name of an event column.
    optional
        Names of event columns that are left out where the file does not have them.
    """
    columns = {}
    for name in (*names, *(name for name in optional if name in rows.fields)):
        leaf = rows
        for field in name.split("."):
            leaf = leaf[field]
        columns[name] = ak.to_numpy(leaf)
    return columns


def one_candidate(keys: EventKeys, seed: int) -> Mask:
    """Return which rows are the one candidate of their event, chosen at random where there are several.

    The choice hangs on seed, event and candidate number only; see `best_candidate_mask`.
    """
    lengths = keys.run_lengths()
    chosen = np.repeat(lengths == 1, lengths)
    several = np.flatnonzero(~chosen)
    chosen[several] = best_candidate_mask(keys.take(several), seed=seed)
    return chosen


def stored_beams(columns: Columns) -> FourVector | None:
    """Return the beams' four-momentum that the ntuple holds, lab, GeV, shape (n,), or None without it."""
    if not all(name in columns for name in BEAM_COLUMNS):
        return None
    return FourVector(*(columns[name] for name in BEAM_COLUMNS))


def with_prefix(topic: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts under the names ``<topic>/<what>``."""
    return {f"{topic}/{what}": count for what, count in counts.items()}


class Filled(NamedTuple):
    """A histogram, and how many entries were left out because an axis had NaN."""

    histogram: hist.Hist
    nan: int


def filled(
    channel: Channel, observable: str, columns: Columns, weights: Column, mask: Mask | None = None
) -> Filled:
    """Fill the histogram of an observable; its axes are named as the columns that go on them.

    Parameters
    ----------
    channel
        Declares the observable and its axes.
    columns, weights
        Each of shape (n,), or (k, n) for k entries an event.
    mask
        The events to fill, shape (n,); all by default.
    """
    names = channel.observables[observable].axes
    index = slice(None) if mask is None else np.flatnonzero(mask)
    columns_filled = (columns[name] for name in names)
    *values, entries = np.broadcast_arrays(*(item[..., index] for item in (*columns_filled, weights)))
    unknown = np.isnan(values).any(axis=0)
    if unknown.any():
        values, entries = [value[~unknown] for value in values], entries[~unknown]
    histogram = empty_histogram(channel, observable)
    histogram.fill(*(value.ravel() for value in values), weight=entries.ravel(), threads=1)
    return Filled(histogram, int(np.count_nonzero(unknown)))


def empty_histogram(channel: Channel, observable: str) -> hist.Hist:
    """Return the histogram of an observable as its channel declares it, of weighted storage."""
    axes = [
        hist.axis.Regular(axis.bins, axis.start, axis.stop, name=name, label=axis.label)
        for name, axis in ((name, channel.axes[name]) for name in channel.observables[observable].axes)
    ]
    return hist.Hist(*axes, storage=hist.storage.Weight())
