from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from darkbelle.kernels import boost_from_rest_frame
from darkbelle.validation.pythia_taus import pythia_taus
from darkbelle.validation.tau_observables import observables
from darkbelle.validation.taus import branching_figures, correlation_of, spectra_figures, tau_spectra
from darkbelle.vectors import FourVector

PION = 0.13957039


def test_observables_of_an_event_by_hand_are_those_of_the_pairs_frame() -> None:
    # back to back in the pair's frame, seen from a moving one: τ− of 2 GeV → π−π−π+ν, τ+ → π+ν
    pdg = np.array([-211, -211, 211, 16, 211, -16], dtype=np.int32)
    mother = np.array([15, 15, 15, 15, -15, -15], dtype=np.int32)
    along = np.array([0.5, 0.4, 0.3, 0.0, -0.9, 0.0])
    along[3], along[5] = 0.6, -0.9
    across = np.array([0.1, -0.1, 0.2, -0.2, 0.0, 0.0])
    masses = np.array([PION, PION, PION, 0.0, PION, 0.0])
    at_rest = FourVector.with_mass(along, across, np.zeros(6), masses)
    frame = FourVector.single(0.3, -0.2, 0.9, 6.0)
    event = np.zeros(6, dtype=np.int64)
    found = observables(event, pdg, mother, boost_from_rest_frame(at_rest, frame))
    half = at_rest.energy.sum() / 2
    assert found.x_minus[0] == pytest.approx(at_rest.energy[:3].sum() / half)
    assert found.x_plus[0] == pytest.approx(at_rest.energy[4] / half)
    system = FourVector(*(np.array([column[:3].sum()]) for column in at_rest))
    assert found.mass_minus[0] == pytest.approx(float(np.sqrt(system.mass_squared()[0])))
    first = FourVector(*(np.array([column[0] + column[2]]) for column in at_rest))
    assert found.opposite_mass_minus[0] == pytest.approx(float(np.sqrt(first.mass_squared()[0])))


def test_branching_fractions_are_counted() -> None:
    figures = {figure.name: figure for figure in branching_figures(3000)}
    assert figures["branching fraction of e"].value == pytest.approx(0.178, abs=0.02)
    assert all(figure.set_to_it for figure in figures.values())


def test_pythias_pairs_are_kept_and_correlated(tmp_path: Path) -> None:
    first = pythia_taus("pi", "pi", 60, 1, tmp_path)
    stored = next(tmp_path.iterdir())
    before = stored.stat().st_mtime_ns
    again = pythia_taus("pi", "pi", 60, 1, tmp_path)
    assert stored.stat().st_mtime_ns == before
    for made, read in zip(first, again, strict=True):
        np.testing.assert_array_equal(made, read)
    np.testing.assert_allclose(first.mass_minus, PION, rtol=1e-3)
    assert 0.0 < first.x_minus.min() < first.x_minus.max() < 1.0
    assert np.isnan(first.opposite_mass_minus).all()


@pytest.mark.slow
def test_spectra_and_correlations_are_pythias() -> None:
    pions = tau_spectra("pi", "pi", 50_000, 600)
    resonances = tau_spectra("3pi", "pi", 50_000, 600)
    assert correlation_of(pions.ours)[0] > 0.25
    assert [figure.name for figure in spectra_figures(pions, resonances) if not figure.agrees] == []
    assert np.isfinite(resonances.ours.opposite_mass_minus).all()
