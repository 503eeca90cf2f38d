"""The beams: nominal, sampled, and from the events or the run table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from darkbelle.beams import NOMINAL, BeamRun, resolve_beams
from darkbelle.errors import ConfigurationError
from darkbelle.vectors import FourVector


def test_the_nominal_boost_is_that_of_superkekb() -> None:
    momentum = np.hypot(NOMINAL.px, NOMINAL.pz)
    assert momentum / NOMINAL.sqrt_s == pytest.approx(0.2868, abs=1e-4)  # βγ
    assert np.arctan2(NOMINAL.px, NOMINAL.pz) == pytest.approx(0.151, abs=1e-3)  # tilt, rad


def test_both_beams_add_up_to_the_total() -> None:
    total = NOMINAL.electron.plus(NOMINAL.positron)
    np.testing.assert_allclose(np.asarray(total), np.asarray(NOMINAL.four_vector), rtol=1e-8, atol=1e-12)
    assert NOMINAL.her_energy == pytest.approx(7.004, abs=1e-6)


def test_the_spread_of_sqrt_s_is_about_5_mev() -> None:
    sample = NOMINAL.sample(200_000, np.random.default_rng(1))
    sqrt_s = np.sqrt(sample.mass_squared())
    assert sqrt_s.mean() == pytest.approx(NOMINAL.sqrt_s, abs=4 * 0.005 / np.sqrt(200_000))
    assert sqrt_s.std() == pytest.approx(4.99e-3, rel=0.01)
    assert NOMINAL.sqrt_s_spread == pytest.approx(4.99e-3, rel=0.001)


def test_collisions_of_given_energies_have_these_and_the_other_spread_of_the_beams() -> None:
    energies = NOMINAL.sqrt_s + np.tile([-0.01, 0.0, 0.004], 50_000)
    sample = NOMINAL.sample_at(energies, np.random.default_rng(1))
    np.testing.assert_allclose(np.sqrt(sample.mass_squared()), energies, rtol=1e-9)
    # the energies of two beams of one product: only ln(E−/E+) is free, whose variance is (ab)²·4/(a² + b²)
    # with a, b the relative spreads
    her, ler = 5.13e-3 / 7.004, 2.375e-3 / 4.002
    cosine = np.cos(0.0415)
    ratio = np.log((sample.energy + sample.pz / cosine) / (sample.energy - sample.pz / cosine))[1::3]
    assert ratio.std() == pytest.approx(2 * her * ler / np.hypot(her, ler), rel=0.02)


def test_beams_without_spread_share_what_is_missing() -> None:
    steady = replace(NOMINAL, her_spread=0.0, ler_spread=0.0)
    one = steady.sample_at(np.array([1.001 * NOMINAL.sqrt_s]), np.random.default_rng(1))
    assert one.energy[0] == pytest.approx(1.001 * NOMINAL.energy, rel=1e-8)
    assert one.pz[0] == pytest.approx(1.001 * NOMINAL.pz, rel=1e-8)


def test_stored_beams_win_over_the_run_table_and_that_over_nominal() -> None:
    nan = np.nan
    stored = FourVector(*(np.array([value, nan, nan]) for value in (0.45, 0.01, 3.0, 11.01)))
    table = (BeamRun(experiment=12, first_run=10, last_run=20, energy=11.002, px=0.456, py=0, pz=2.998),)
    resolved = resolve_beams(
        3, stored=stored, experiment=np.array([12, 12, 12]), run=np.array([15, 15, 99]), table=table
    )
    np.testing.assert_array_equal(resolved.four_vector.energy, [11.01, 11.002, NOMINAL.energy])
    np.testing.assert_array_equal(resolved.four_vector.pz, [3.0, 2.998, NOMINAL.pz])
    assert resolved.sources == {"nominal": 1, "run": 1, "event": 1}


def test_overlapping_run_ranges_are_refused() -> None:
    early = BeamRun(experiment=12, first_run=1, last_run=5, energy=11.0, px=0.45, py=0, pz=3)
    table = (early, early.model_copy(update={"first_run": 5, "last_run": 9}))
    with pytest.raises(ConfigurationError, match="runs 5 to 9 overlap"):
        resolve_beams(1, experiment=np.array([12]), run=np.array([5]), table=table)


def test_a_run_table_without_keys_is_refused() -> None:
    table = (BeamRun(experiment=12, first_run=1, last_run=5, energy=11.0, px=0.45, py=0, pz=3),)
    with pytest.raises(ConfigurationError, match="__experiment__"):
        resolve_beams(1, table=table)
