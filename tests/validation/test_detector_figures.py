"""Few events: that figures are what they say, not that they are precise."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.validation.displaced import displaced_figures, displaced_pairs, kaon_flights
from darkbelle.validation.figure import half_width, peak_width
from darkbelle.validation.finding import (
    identification_figures,
    identified_share,
    resolution_figures,
    shot,
)
from darkbelle.validation.peaks import (
    WITHOUT_PHOTONS,
    b_peaks,
    mass_peaks,
    pi_zero_masses,
    recoil_masses,
    width_figures,
)
from darkbelle.vectors import Column


def test_particles_are_shot_from_the_origin_into_the_barrel() -> None:
    events = shot(211, 500, (1.0, 2.0), np.random.default_rng(1)).generated
    p = np.sqrt(events.px**2 + events.py**2 + events.pz**2)
    assert 1.0 < p.min() < p.max() < 2.0
    assert np.arccos(events.pz / p) == pytest.approx(np.full(500, np.deg2rad(80)), abs=np.deg2rad(40.01))
    np.testing.assert_allclose(events.momenta.mass_squared(), 0.13957039**2, rtol=1e-6)
    level = shot(13, 20, (1.0, 1.0), np.random.default_rng(1), barrel=False).generated
    np.testing.assert_allclose(level.pz, 0.0, atol=1e-12)


def test_shares_count_tracks_above_one_half() -> None:
    right, _ = identified_share(13, "muon", 2000, (1.0, 3.0), 1)
    wrong, error = identified_share(211, "muon", 2000, (1.0, 3.0), 1)
    assert right > 0.9
    assert 0.01 < wrong < 0.2
    assert error == pytest.approx(np.sqrt(wrong * (1 - wrong) / 1970), rel=0.05)


def test_pairs_fly_into_the_acceptance_and_decay_where_they_are() -> None:
    rng = np.random.default_rng(1)
    flight = rng.uniform(0.0, 100.0, 500)
    events = displaced_pairs(flight, (0.5, np.full(500, 2.0)), (211, 0.13957039), rng)
    first, second = (events.momenta.rows(np.arange(start, 1000, 2)) for start in (0, 1))
    parent = first.plus(second)
    np.testing.assert_allclose(parent.mass_squared(), 0.25, rtol=1e-9)
    np.testing.assert_allclose(parent.energy, np.hypot(2.0, 0.5), rtol=1e-9)
    place = np.stack([events.x, events.y, events.z])[:, ::2]
    np.testing.assert_allclose(place, flight * np.stack(parent[:3]) / 2.0, rtol=1e-9, atol=1e-9)
    degrees = np.rad2deg(np.arccos(parent.pz / 2.0))
    assert 17.0 < degrees.min() < degrees.max() < 150.0


def test_as_many_displaced_tracks_are_found_as_published_and_fewer_than_are_in_reach() -> None:
    found, reach = displaced_figures(4000)[:2]
    assert found.set_to_it
    assert found.agrees
    assert found.value + 0.2 < reach.value < 0.9
    assert reach.agrees


def test_kaons_are_found_the_less_the_farther_they_fly() -> None:
    kaons = kaon_flights(4000)
    assert kaons.efficiency[1] > 0.65
    assert kaons.efficiency[-1] < 0.02
    assert np.all(np.diff(kaons.efficiency[1:]) < 2 * kaons.error[2:])
    assert np.nanmax(kaons.width) < 4e-3
    assert np.nanmin(kaons.width) > 1e-3
    assert np.isnan(kaons.width[-1])


def test_the_width_of_a_peak_leaves_its_tail_alone() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(1.0, 0.02, 40_000)
    values[:5000] -= rng.exponential(0.06, 5000)
    assert peak_width(values) == pytest.approx(0.02, rel=0.04)
    assert half_width(values) > 0.022
    assert np.isnan(peak_width(values[:100]))


def test_momentum_resolution_is_that_of_its_formula() -> None:
    figures = {figure.name: figure for figure in resolution_figures(3000)}
    # 0.0011 · 4 ⊕ 0.0025/β in percent
    assert figures["σ(pT)/pT at 4 GeV"].known == pytest.approx((0.50619, 0.50619), rel=1e-3)
    assert figures["σ(pT)/pT at 4 GeV"].agrees
    assert figures["σ(d0) at 0.5 GeV"].value > 2 * figures["σ(d0) at 4 GeV"].value


def values(centre: float, width: float, size: int = 400) -> Column:
    return np.random.default_rng(1).normal(centre, width, size)


def test_widths_are_in_mev_and_beside_their_figures() -> None:
    masses = {name: values(1.0, 0.0055) for name in ("J/ψ", "D0", "K_S", "D+")}
    mesons = {"K+ mumu": (values(5.28, 0.0026), values(0.0, 0.012)), "K+ ee": (values(5.28, 0.01),) * 2}
    figures = {
        figure.name: figure
        for figure in width_figures(masses, mesons, values(0.13, 0.02), {3.6: values(3.6, 1)})
    }
    assert figures["M(D0): width"].value == pytest.approx(5.5, rel=0.15)
    assert figures["M(D0): width"].agrees
    assert not figures["M(K_S): width"].agrees
    assert not figures["M(π0): width"].agrees
    assert figures["Mbc, K+ mumu: width"].known == pytest.approx((500 * NOMINAL.sqrt_s_spread,) * 2)
    assert figures["Mbc, K+ mumu: width"].agrees
    assert not figures["Mbc, K+ ee: width"].agrees
    assert figures["ΔE, K+ mumu: width"].agrees
    assert not figures["M_rec at 3.6 GeV: width"].agrees


def test_recoil_masses_peak_at_the_zprime() -> None:
    found = recoil_masses(5.0, 400)
    assert len(found) > 100
    assert np.median(found) == pytest.approx(5.0, abs=0.02)


def test_pions_peak_at_their_mass() -> None:
    found = pi_zero_masses(600)
    assert np.median(found) == pytest.approx(0.1345, abs=0.003)


@pytest.mark.slow
def test_peaks_of_mesons_are_where_they_should_be() -> None:
    masses = mass_peaks(1500)
    for peak, mass in {"K_S": 0.4976, "D0": 1.8648, "D+": 1.8697, "J/ψ": 3.0969}.items():
        assert np.median(masses[peak]) == pytest.approx(mass, abs=1.5e-3)
    mesons = b_peaks(600)
    assert len(mesons) == 10
    for channel, (mbc, delta_e) in mesons.items():
        # 0.4 MeV above the mass, since the beams radiate, with an error of 0.2 MeV
        assert np.median(mbc) == pytest.approx(5.2800, abs=1.2e-3)
        # electrons lose energy to photons, the others hardly any
        low, high = (-0.03, -0.003) if "ee" in channel else (-0.004, 0.004)
        assert low < np.median(delta_e) < high
    with_photons, without = (half_width(mesons[f"K+ ee{name}"][1]) for name in ("", WITHOUT_PHOTONS))
    assert with_photons < 0.6 * without


@pytest.mark.slow
def test_identification_agrees() -> None:
    assert [figure.name for figure in identification_figures(8000) if not figure.agrees] == []
