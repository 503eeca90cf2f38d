from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from darkbelle.simulation.detector import NOMINAL_DETECTOR, detect
from darkbelle.simulation.events import GeneratedEvents

Gun = Callable[..., GeneratedEvents]
SIZE = 5000


def test_two_open_muons_fire_ffo(gun: Gun, rng: np.random.Generator) -> None:
    fired = detect(gun((13, 3.0, 90.0, 0.0), (-13, 3.0, 80.0, 150.0), events=SIZE), rng).triggers["ffo"]
    expected = (NOMINAL_DETECTOR.tracking.efficiency * NOMINAL_DETECTOR.trigger.track_efficiency) ** 2
    assert fired.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / SIZE))


@pytest.mark.parametrize(
    "second",
    [
        (-13, 3.0, 90.0, 85.0),  # opening below 90°
        (-13, 3.0, 25.0, 180.0),  # leaves through the end plate
        (-13, 0.2, 90.0, 180.0),  # curls up
        (14, 3.0, 90.0, 180.0),
    ],
)
def test_other_pairs_do_not_fire_ffo(
    gun: Gun, rng: np.random.Generator, second: tuple[int, float, float, float]
) -> None:
    fired = detect(gun((13, 3.0, 90.0, 0.0), second, events=200), rng).triggers["ffo"]
    assert not fired.any()


def test_bhabhas_are_vetoed(gun: Gun, rng: np.random.Generator) -> None:
    # back to back in the CM with 5.29 GeV each: at 90° there, in the lab both go forward
    angle = np.rad2deg(np.arctan2(1.0, 0.2868 / np.sqrt(1 - 0.2868**2)))
    electrons = gun((11, 5.5, angle, 90.0), (-11, 5.5, angle, -90.0), events=SIZE)
    muons = gun((13, 5.5, angle, 90.0), (-13, 5.5, angle, -90.0), events=SIZE)
    assert detect(electrons, rng).triggers["ffo"].mean() < 0.05
    assert detect(muons, rng).triggers["ffo"].mean() > 0.85


def test_slow_electrons_are_not_vetoed(gun: Gun, rng: np.random.Generator) -> None:
    electrons = gun((11, 2.0, 75.0, 90.0), (-11, 2.0, 75.0, -90.0), events=SIZE)
    assert detect(electrons, rng).triggers["ffo"].mean() > 0.85


def test_the_klm_trigger_needs_a_muon_in_the_barrel(gun: Gun, rng: np.random.Generator) -> None:
    expected = 0.99 * 0.97 * 0.90
    for particle, share in [
        ((13, 2.0, 90.0, 0.0), expected),
        ((13, 2.0, 25.0, 0.0), 0.0),
        ((13, 0.5, 90.0, 0.0), 0.0),
        ((11, 2.0, 90.0, 0.0), 0.0),
    ]:
        fired = detect(gun(particle, events=SIZE), rng).triggers["cdcklm1"]
        assert fired.mean() == pytest.approx(share, abs=0.02)
