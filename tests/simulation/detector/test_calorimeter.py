from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectorParameters, detect
from darkbelle.simulation.detector.calorimeter import energy_resolution
from darkbelle.simulation.detector.passage import conversion_probability
from darkbelle.simulation.events import GeneratedEvents

Gun = Callable[..., GeneratedEvents]


def without(**parts: dict[str, Any]) -> DetectorParameters:
    """Return the detector with some numbers changed, and no beam background."""
    changes = {"beam_background": {"multiplicity": 0.0}} | parts
    return replace(
        NOMINAL_DETECTOR,
        **{name: replace(getattr(NOMINAL_DETECTOR, name), **change) for name, change in changes.items()},
    )


QUIET = without()
NOTHING = {"thickness": (0.0,) * 6, "beam_pipe_thickness": 0.0, "wall_thickness": 0.0}
CLEAR = without(silicon=NOTHING)


def test_resolution_is_4_percent_at_0p1_gev_and_1p6_percent_at_8_gev() -> None:
    sigma = energy_resolution(np.array([0.1, 8.0]), NOMINAL_DETECTOR.calorimeter)
    assert sigma == pytest.approx([0.040, 0.016], rel=1e-3)


def test_photons_have_that_resolution_and_a_low_tail(gun: Gun, rng: np.random.Generator) -> None:
    energy = detect(gun((22, 1.0, 90.0, 0.0), events=50_000), rng, CLEAR).photons.energy
    sigma = np.hypot(0.01167, 0.01546)
    assert np.median(energy) == pytest.approx(1.0, abs=0.004)
    assert np.quantile(energy, 0.975) - 1 == pytest.approx(1.96 * sigma, rel=0.05)
    assert 1 - np.quantile(energy, 0.025) > 3 * sigma


@pytest.mark.parametrize(
    ("theta", "seen"),
    [(12.0, 0), (20.0, 1), (31.8, 0), (33.0, 1), (128.0, 1), (129.5, 0), (140.0, 1), (155.5, 0)],
)
def test_photons_are_lost_in_the_gaps(gun: Gun, rng: np.random.Generator, theta: float, seen: int) -> None:
    photons = detect(gun((22, 2.0, theta, 0.0), events=2000), rng, CLEAR).photons
    assert len(photons) / 2000 == pytest.approx(seen, abs=0.01)


def test_conversions_follow_the_thickness() -> None:
    at_90, at_30 = conversion_probability(np.array([1.0, 0.5]), NOMINAL_DETECTOR.silicon)
    # 0.8 % of beam pipe, 2 · 0.2 % of pixels, 4 · 0.7 % of strips, 0.5 % of wall
    assert at_90 == pytest.approx(1 - np.exp(-7 / 9 * 0.045))
    assert at_30 == pytest.approx(1 - np.exp(-7 / 9 * 0.090))


def test_a_converted_photon_is_two_electrons(gun: Gun, rng: np.random.Generator) -> None:
    converted = detect(gun((22, 3.0, 90.0, 0.0), events=40_000), rng, QUIET)
    truth = converted.tracks.truth
    assert set(np.unique(truth.pdg)) == {-11, 11}
    assert np.all(truth.mother_pdg == 22)
    assert np.all(truth.secondary)
    seen = np.mean(converted.tracks.multiplicity > 0)
    # some electrons of those from the outer layers, with too few hits in silicon, are lost
    assert 0.6 * 0.034 < seen < 0.034 + 4 * np.sqrt(0.034 / 40_000)


def test_neighbouring_photons_merge_and_others_do_not(gun: Gun, rng: np.random.Generator) -> None:
    # 2.2 cm apart at 125 cm, and 22 cm apart
    near = detect(gun((22, 1.0, 90.0, 0.0), (22, 0.5, 90.0, 1.0), events=500), rng, CLEAR).photons
    far = detect(gun((22, 1.0, 90.0, 0.0), (22, 0.5, 90.0, 10.0), events=500), rng, CLEAR).photons
    assert len(near) / 500 == pytest.approx(1.0, abs=0.02)
    assert np.median(near.energy) == pytest.approx(1.5, abs=0.02)
    assert np.all(near.particle % 2 == 0)  # the stronger one
    assert len(far) / 500 == pytest.approx(2.0, abs=0.04)


def test_a_photon_where_a_track_hits_belongs_to_the_track(gun: Gun, rng: np.random.Generator) -> None:
    # a muon with pT 1 GeV turns by asin(125/(2·222.4)) = 16.3° on its way to the calorimeter; μ− turns left
    hidden = detect(gun((13, 1.0, 90.0, 0.0), (22, 1.0, 90.0, 16.3), events=500), rng, CLEAR)
    seen = detect(gun((13, 1.0, 90.0, 0.0), (22, 1.0, 90.0, 0.0), events=500), rng, CLEAR)
    assert len(seen.photons) / 500 > 0.98
    # where the track itself is not found, 1 %, its cluster stands there with the photon
    assert len(hidden.photons) / 500 < 0.04


def test_an_electron_outside_the_chamber_is_seen_as_a_photon(gun: Gun, rng: np.random.Generator) -> None:
    detected = detect(gun((11, 4.0, 14.0, 0.0), events=500), rng, QUIET)
    assert len(detected.tracks) == 0
    seen = np.bincount(detected.photons.event, detected.photons.energy, 500)
    # what it radiated may stand apart
    assert np.median(seen) == pytest.approx(4.0, abs=0.05)


def test_beam_background_comes_as_often_and_as_soft_as_declared(gun: Gun, rng: np.random.Generator) -> None:
    size = 20_000
    photons = detect(gun((14, 1.0, 90.0, 0.0), events=size), rng).photons
    assert np.all(photons.particle == -1)
    assert np.all(photons.energy > 0.05)
    # a few point to the gaps (2.8 of 142.7 degrees), and some fall below the threshold by resolution
    assert 0.25 < len(photons) / size < 0.30
    assert photons.energy.mean() == pytest.approx(0.09, abs=0.005)


def test_photons_have_directions_on_the_sphere(gun: Gun, rng: np.random.Generator) -> None:
    photons = detect(gun((22, 0.3, 60.0, 179.9), events=2000), rng, CLEAR).photons
    assert np.all(np.abs(photons.phi) <= np.pi)
    momenta = photons.momenta
    assert momenta.mass_squared() == pytest.approx(np.zeros(len(photons)), abs=1e-12)
    # 0.5 cm/√0.3 at 125 cm is 7.3 mrad
    assert np.std(photons.theta) == pytest.approx(0.0073, rel=0.1)
