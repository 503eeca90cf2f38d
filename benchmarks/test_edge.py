"""Fits of the pseudomass edge: fine bins and single events, beside RooFit and zfit with the same events.

::

    python -m pytest benchmarks/test_edge.py -s [--root-python PYTHON] [--zfit-python PYTHON]

Equal edges are asserted, times are printed.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.conftest import Clock

from darkbelle.fitting.edge import EdgeFit, fit_edge, fit_edge_unbinned
from darkbelle.fitting.edge.toys import draw_masses
from darkbelle.vectors import Column

LIMITS = (1.70, 1.85)
KEV = 1e-6
PEERS = Path(__file__).with_name("edge_peers.py")


def masses(events: int) -> Column:
    values = {"edge": 1.7768, "width": 0.0016, "step": 0.55, "slope": 0.5, "curvature": 2.0}
    return draw_masses(EdgeFit("arctan", values, {}, np.eye(5), events), LIMITS, np.random.default_rng(1))


@pytest.mark.parametrize("events", [100_000, 1_000_000])
def test_fine_bins_and_single_events(clock: Clock, events: int) -> None:
    drawn = masses(events)
    counts, edges = np.histogram(drawn, 3000, LIMITS)
    binned_seconds, binned = clock.timed(lambda: fit_edge(edges, counts.astype(np.float64)))
    unbinned_seconds, unbinned = clock.timed(lambda: fit_edge_unbinned(drawn, LIMITS))
    difference = abs(unbinned.edge - binned.edge)
    assert difference < 2 * KEV
    clock.notes.append(
        f"edge of {events} events: 3 000 bins {binned_seconds:.3f} s, events {unbinned_seconds:.2f} s, "
        f"{difference / KEV:.3f} keV apart, error {binned.edge_error / KEV:.0f} keV"
    )


@pytest.mark.parametrize("events", [100_000, 1_000_000])
@pytest.mark.parametrize("peer", ["roofit", "zfit"])
def test_peers(clock: Clock, pytestconfig: pytest.Config, tmp_path: Path, peer: str, events: int) -> None:
    python = pytestconfig.getoption("--root-python" if peer == "roofit" else "--zfit-python")
    if python is None:
        pytest.skip(f"no interpreter with {peer} was named")
    drawn = masses(events)
    np.save(tmp_path / "masses.npy", drawn)
    done = subprocess.run(
        [str(python), str(PEERS), peer, str(tmp_path / "masses.npy")],
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    ours = fit_edge_unbinned(drawn, LIMITS)
    assert abs(answer["edge"] - ours.edge) < 0.1 * ours.edge_error
    clock.notes.append(
        f"edge of {events} events by {peer}: {answer['seconds']:.2f} s + {answer['start_up']:.1f} s before, "
        f"{abs(answer['edge'] - ours.edge) / KEV:.2f} keV from ours, error {answer['error'] / KEV:.0f} keV"
    )
