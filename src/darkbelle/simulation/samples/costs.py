"""What a sample costs: measured on the spot with a few events."""

from __future__ import annotations

import inspect
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from darkbelle.simulation.samples.blocks import SampleRequest, make_block

__all__ = ["Cost", "cost_of"]


class Cost(NamedTuple):
    """The cost of a sample.

    Attributes
    ----------
    cross_section_fb
        With the branching fractions of forced decays.
    events_per_second
        From generation to the written file, on one core.
    bytes_per_event
        Of the file.
    rows_per_event
        Candidates of an event that passed the generator's filter.
    made_by
        First sentence of what the generator says of itself.
    """

    cross_section_fb: float
    events_per_second: float
    bytes_per_event: float
    rows_per_event: float
    made_by: str


def cost_of(request: SampleRequest, events: int) -> Cost:
    """Make a block of ``events`` events of a sample twice, and time the second time.

    The first time compiles kernels, and integrates the cross sections that need it.
    """
    generator = request.generator
    few = replace(request, events=events, block=events)
    with tempfile.TemporaryDirectory() as folder:
        block = next(few.blocks(Path(folder)))
        block.path.parent.mkdir(parents=True)
        make_block(block)
        start = time.perf_counter()
        record = make_block(block)
        seconds = time.perf_counter() - start
        size = block.path.stat().st_size
    return Cost(
        generator.cross_section_fb * generator.branching_fraction,
        record.kept / seconds,
        size / record.kept,
        record.rows / record.kept,
        _first_sentence(inspect.getdoc(type(generator)) or ""),
    )


def _first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())
