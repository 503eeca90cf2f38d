"""The samples that a channel needs, in three sizes, as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from darkbelle.channels import load_channel
from darkbelle.datasets import Dataset, write_datasets
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.acceptance import MuonPairFilter
from darkbelle.simulation.samples.blocks import DEFAULT_STEERING, SampleRequest
from darkbelle.simulation.samples.making import Progress, make_samples

__all__ = [
    "SIZES",
    "Catalogue",
    "Size",
    "catalogue",
    "catalogue_names",
    "make_catalogue",
    "read_catalogue",
]

Size = Literal["small", "demo", "full"]
SIZES: Final[tuple[Size, ...]] = ("small", "demo", "full")


class Entry(BaseModel):
    """One line of a catalogue: a process with the number of events by size."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    process: str
    steering: str | None = Field(default=None, description="instead of the catalogue's")
    options: dict[str, Any] = Field(default={}, description="of the generator")
    filtered: bool = Field(default=False, description="the generator gets the catalogue's filter")
    region: str | None = Field(default=None, description="of the channel, where it is for one only")
    each_mass: bool = Field(default=False, description="one sample for each mass of the channel")
    masses: tuple[float, ...] | None = Field(
        default=None, description="one sample for each of these masses, GeV"
    )
    block: int = Field(gt=0, description="events of a block")
    events: dict[Size, int] = Field(description="events by size; for each mass, where there are several")


class Catalogue(BaseModel):
    """A catalogue file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steering: str = Field(default=DEFAULT_STEERING, description="what is reconstructed and written")
    detector: dict[str, dict[str, Any]] = Field(
        default={}, description="numbers of the detector that differ from the nominal ones"
    )
    pair_filter: MuonPairFilter | None = Field(
        default=None, description="what the channel's selection can keep at all, at generator level"
    )
    samples: tuple[Entry, ...]

    @model_validator(mode="after")
    def _filter_is_there(self) -> Self:
        if self.pair_filter is None and any(entry.filtered for entry in self.samples):
            raise ConfigurationError("a catalogue with filtered samples needs a pair_filter, got none")
        return self

    def options(self, entry: Entry) -> dict[str, Any]:
        """Return the options of an entry's generator, in plain types."""
        if not entry.filtered or self.pair_filter is None:
            return entry.options
        plain = TypeAdapter(MuonPairFilter).dump_python(self.pair_filter, mode="json")
        return {**entry.options, "pair_filter": plain}


def catalogue(
    channel: str, size: Size, seed: int, detector: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[SampleRequest, ...]:
    """Return the samples of a channel, each with a seed of its own made from ``seed``.

    ``detector`` replaces parts of the catalogue's detector; the seeds do not depend on it, so that the same
    events are seen by two detectors.

    Raises
    ------
    ConfigurationError
        There is no such size or catalogue.
    """
    if size not in SIZES:
        raise ConfigurationError(f"samples come in sizes {', '.join(SIZES)}, got {size!r}")
    requests = []
    declared = read_catalogue(channel)
    for entry in declared.samples:
        masses = load_channel(channel).masses if entry.each_mass else entry.masses
        choices = [{}] if masses is None else [{"mass": mass} for mass in masses]
        for choice in choices:
            options = declared.options(entry) | choice
            own = _seed(seed, entry.process, options)
            made = entry.steering or declared.steering
            requests.append(
                SampleRequest(
                    entry.process,
                    entry.events[size],
                    own,
                    options,
                    entry.block,
                    made,
                    {**declared.detector, **(detector or {})},
                    entry.region,
                )
            )
    return tuple(requests)


def make_catalogue(
    channel: str,
    size: Size,
    out: str | Path,
    *,
    seed: int = 1,
    detector: Mapping[str, Mapping[str, Any]] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Dataset]:
    """Make all samples of a channel and ``datasets.yaml`` in ``out``; return the datasets by name.

    Parameters
    ----------
    channel
        Name of the channel, or of the control samples, that have a catalogue.
    size
        ``small`` for tests, ``demo``, or ``full``.
    seed, detector
        See `catalogue`.
    out, workers, progress
        See `darkbelle.simulation.samples.simulate_sample`.
    """
    datasets = make_samples(catalogue(channel, size, seed, detector), out, workers=workers, progress=progress)
    write_datasets(Path(out) / "datasets.yaml", datasets)
    return datasets


def catalogue_names() -> tuple[str, ...]:
    """Return the channels and control samples that have a catalogue."""
    folder = files("darkbelle.simulation.samples")
    return tuple(
        sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))
    )


def read_catalogue(channel: str) -> Catalogue:
    """Return what is declared for a channel.

    Raises
    ------
    ConfigurationError
        Nothing is.
    """
    path = files("darkbelle.simulation.samples") / f"{channel}.yaml"
    if not path.is_file():
        raise ConfigurationError(
            f"there is no catalogue of samples {channel!r}, there are: {', '.join(catalogue_names())}"
        )
    return Catalogue.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def _seed(seed: int, process: str, options: dict[str, Any]) -> int:
    text = f"{seed} {process} {sorted(options.items())}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
