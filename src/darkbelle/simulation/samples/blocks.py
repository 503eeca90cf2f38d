"""One block of a sample: generate, place in the lab, detect, write, and record what was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.errors import ConfigurationError
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.provenance import code_digest, versions
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import DetectorParameters, detect, detector_with
from darkbelle.simulation.generators import EventGenerator, generator
from darkbelle.simulation.steering import default_cuts, steering

__all__ = [
    "DEFAULT_BLOCK",
    "DEFAULT_STEERING",
    "Block",
    "BlockRecord",
    "SampleRequest",
    "finished",
    "make_block",
]

DEFAULT_BLOCK: Final = 20_000  # events: some seconds of work, and a few MB
DEFAULT_STEERING: Final = "dimuon"
RECORD_SCHEMA: Final = 3


@dataclass(frozen=True)
class SampleRequest:
    """What to make.

    Parameters
    ----------
    process
        Key of the generators' registry.
    events
        Events that pass the generator's filter.
    seed
        Not negative. Samples made from one seed share random numbers: give each its own.
    options
        Of the generator.
    block
        Events of a block; a part of the sample's identity.
    steering
        Key of the steerings' registry: what is reconstructed and written.
    detector
        Numbers of the detector that differ from the nominal ones, see
        `darkbelle.simulation.detector.detector_with`. The random numbers stay the same.
    region
        Of the channel that the sample is for, where its candidates are of one only.
    """

    process: str
    events: int
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    block: int = DEFAULT_BLOCK
    steering: str = DEFAULT_STEERING
    detector: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    region: str | None = None

    def __post_init__(self) -> None:
        if self.events < 1 or self.block < 1 or self.seed < 0:
            raise ConfigurationError(
                f"a sample of {self.process!r} needs events, blocks of at least one and a seed from 0 up, "
                f"got {self.events} events in blocks of {self.block} with seed {self.seed}"
            )
        steering(self.steering)  # these fail now, not in a worker
        detector_with(self.detector)
        if self.events >= 2**32:
            raise ConfigurationError(
                f"basf2's event numbers have 32 bits, got a sample of {self.events} events; "
                "make several samples with different seeds"
            )

    @property
    def generator(self) -> EventGenerator:
        """The generator that makes it."""
        return _generator(self.process, json.dumps(dict(self.options), sort_keys=True))

    @property
    def detector_parameters(self) -> DetectorParameters:
        """The detector that sees it."""
        return detector_with(self.detector)

    @property
    def name(self) -> str:
        """Name of the sample: the generator's."""
        return self.generator.name

    def blocks(self, folder: Path) -> Iterator[Block]:
        """Yield the blocks, whose files lie in a folder of the sample's name."""
        for number, first in enumerate(range(0, self.events, self.block)):
            size = min(self.block, self.events - first)
            yield Block(self, number, size, folder / self.name / f"{self.name}_{number:04d}.root")


@dataclass(frozen=True)
class Block:
    """Some events of a sample, and the file they go to."""

    sample: SampleRequest
    number: int
    events: int
    path: Path

    @property
    def record_path(self) -> Path:
        """Where it is recorded what the file holds."""
        return self.path.with_suffix(".json")

    def identity(self) -> dict[str, Any]:
        """Return all that the bytes of the file depend on."""
        return {
            "process": self.sample.process,
            "options": dict(self.sample.options),
            "seed": self.sample.seed,
            "block": self.number,
            "block_size": self.sample.block,
            "events": self.events,
            "steering": self.sample.steering,
            "detector": {name: dict(part) for name, part in self.sample.detector.items()},
            "list": asdict(default_cuts(self.sample.steering)),
            "code": code_digest("simulation", "kernels", "ntuple"),
            "versions": versions(),
        }


@dataclass(frozen=True)
class BlockRecord:
    """What came of a block: events ``tried``, events ``kept`` by the generator's filter, ``rows`` written."""

    tried: int
    kept: int
    rows: int
    sha256: str


def make_block(block: Block) -> BlockRecord:
    """Make a block and its record, whatever is there.

    The streams of generator, beams and detector are independent: a change of one leaves the random
    numbers of the others.
    """
    sequence = np.random.SeedSequence(block.sample.seed, spawn_key=(block.number,))
    generation, collision, response = (np.random.default_rng(child) for child in sequence.spawn(3))
    events, tried = block.sample.generator.generate(block.events, generation)
    detector = block.sample.detector_parameters
    detected = detect(place_in_lab(events, NOMINAL, collision), response, detector, NOMINAL)
    first = block.number * block.sample.block
    rows = steering(block.sample.steering)(detected, first_event=first, detector=detector)
    write_ntuple(block.path, rows, codec="lz4")
    record = BlockRecord(tried, len(events), len(rows["__event__"]), _sha256(block.path))
    _write_record(block, record)
    return record


def finished(block: Block) -> BlockRecord | None:
    """Return the record of a block that was made before, of the same identity and undamaged, or None."""
    try:
        stored = json.loads(block.record_path.read_text(encoding="utf-8"))
        record = BlockRecord(**stored["record"])
        same = stored["schema"] == RECORD_SCHEMA and stored["identity"] == _plain(block.identity())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if same and block.path.is_file() and _sha256(block.path) == record.sha256 else None


@cache
def _generator(process: str, options: str) -> EventGenerator:
    # kept: some generators integrate their cross section first
    return generator(process, **json.loads(options))


def _write_record(block: Block, record: BlockRecord) -> None:
    content = {"schema": RECORD_SCHEMA, "identity": block.identity(), "record": asdict(record)}
    part = block.record_path.with_suffix(".json.part")
    part.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    part.replace(block.record_path)


def _plain(content: dict[str, Any]) -> Any:
    return json.loads(json.dumps(content))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
