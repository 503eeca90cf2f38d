"""B mesons that are found whole: their masses, and energies that are those of their collisions."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import B_PLUS_MASS, B_ZERO_MASS
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import DetectedEvents, detect
from darkbelle.simulation.generators import generator
from darkbelle.simulation.steering import steering
from darkbelle.simulation.steering.hadronic_b import HadronicList


def simulated(process: str, events: int, **options: str) -> DetectedEvents:
    streams = [np.random.default_rng(seed) for seed in range(3)]
    made = generator(process, **options).generate(events, streams[0]).events
    return detect(place_in_lab(made, NOMINAL, streams[1]), streams[2])


@pytest.mark.parametrize(
    ("decay", "name", "mass", "inner", "inner_mass", "tracks"),
    [
        ("D0pi", "b_to_d0pi", B_PLUS_MASS, "D0", 1.86484, ("K", "pi", "pi_B")),
        ("Dpi", "b_to_dpi", B_ZERO_MASS, "D", 1.86966, ("K", "pi_1", "pi_2", "pi_B")),
        ("JpsiK", "b_to_jpsik", B_PLUS_MASS, "Jpsi", 3.0969, ("mu_p", "mu_m", "K")),
    ],
)
def test_mesons_are_found_whole(
    decay: str, name: str, mass: float, inner: str, inner_mass: float, tracks: tuple[str, ...]
) -> None:
    size = 400
    rows = steering(name)(simulated("hadronic_b", size, decay=decay))
    signal = rows["B_isSignal"] == 1
    assert signal.sum() > 0.3 * size
    assert np.median(rows["B_M"][signal]) == pytest.approx(mass, abs=4e-3)
    assert np.median(rows[f"{inner}_M"][signal]) == pytest.approx(inner_mass, abs=3e-3)
    for axis in ("px", "py", "pz"):
        total = sum(rows[f"{track}_{axis}"] for track in tracks)
        np.testing.assert_allclose(rows[f"B_{axis}"], total, atol=1e-12)
    energy = np.sqrt(mass**2 + rows["B_CMS_p"][signal] ** 2)
    off = 2 * energy - rows["genPairMass"][signal]
    # p σ(p)/E with some 20 MeV of resolution, and the recoil against photons
    assert np.median(np.abs(off)) < 2e-3
    assert np.mean(off) == pytest.approx(0.0, abs=4 * off.std() / np.sqrt(signal.sum()) + 1e-4)
    assert np.all(rows["genPairMass"][signal] <= rows["genCollisionEnergy"][signal] * (1 + 1e-9))


def test_without_a_pair_of_b_there_is_no_mass_of_it() -> None:
    loose = HadronicList(mass=(3.0, 6.0), momentum=4.0)
    rows = steering("b_to_d0pi")(simulated("ccbar", 60, charm="d_star"), cuts=loose)
    assert len(rows["B_M"]) > 10
    assert np.isnan(rows["genPairMass"]).all()
    np.testing.assert_allclose(rows["genCollisionEnergy"], NOMINAL.sqrt_s, atol=0.03)
