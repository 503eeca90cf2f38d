"""Events a second of every process from generation to the written ntuple, on one core.

::

    python -m pytest benchmarks/test_to_ntuple.py

The steps are timed apart, too; `darkbelle samples validate` shows the same table.
"""

from __future__ import annotations

import pytest
from benchmarks.conftest import Clock

from darkbelle.simulation.samples import SampleRequest
from darkbelle.validation.speed import REQUESTS, speed_of

EVENTS = 10_000


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: f"{request.name}-{request.steering}")
def test_to_ntuple(request_: SampleRequest, clock: Clock) -> None:
    speed = speed_of(request_, EVENTS)
    assert 0.0 < speed.to_ntuple < min(speed[:3])
    rates = ", ".join(f"{name} {rate:.0f}" for name, rate in speed._asdict().items())
    clock.notes.append(f"{request_.name} to {request_.steering}: {rates} events/s")
