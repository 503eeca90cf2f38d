"""Energies of B mesons and the cuts on them, on decays made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import B_PLUS_MASS, KAON_MASS, PION_MASS
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.selections import beam_energy as select
from darkbelle.selections.cuts import evaluate
from darkbelle.vectors import Column, FourVector

DECAY = select.DECAYS["d_zero_pi"]
MOMENTUM = 0.33


def two(mother: FourVector, mass: float, first: float, second: float) -> tuple[FourVector, FourVector]:
    """Return two products along and against x in the rest frame of a mother."""
    squared = (mass**2 - (first + second) ** 2) * (mass**2 - (first - second) ** 2)
    p = np.array([np.sqrt(squared) / (2 * mass)])
    nil = np.zeros(1)
    return (
        boost_from_rest_frame(FourVector.with_mass(p, nil, nil, first), mother),
        boost_from_rest_frame(FourVector.with_mass(-p, nil, nil, second), mother),
    )


@pytest.fixture
def columns() -> dict[str, Column]:
    """A B+ of 0.33 GeV along y in the CM, and its tracks in the lab."""
    nil = np.zeros(1)
    meson = FourVector.with_mass(nil, nil + MOMENTUM, nil, B_PLUS_MASS)
    meson = boost_from_rest_frame(meson, NOMINAL.four_vector)
    charm, beside = two(meson, B_PLUS_MASS, 1.86484, PION_MASS)
    kaon, pion = two(charm, 1.86484, KAON_MASS, PION_MASS)
    found: dict[str, Column] = {"fox_wolfram_r2": np.array([0.1])}
    for name, track in (("kaon", kaon), ("pion", pion), ("pion_b", beside)):
        found |= {f"{name}.{axis}": getattr(track, axis) for axis in ("px", "py", "pz")}
        found |= {f"{name}.{field}": np.array([0.01]) for field in ("dr", "dz")}
    return found | {name: np.array([0.9]) for name in DECAY.identified}


def test_the_energy_is_that_of_the_momentum_and_the_known_mass(columns: dict[str, Column]) -> None:
    found = select.kinematics(columns, NOMINAL.four_vector, DECAY)
    assert found["b_energy"][0] == pytest.approx(np.sqrt(5.27941**2 + 0.33**2), abs=1e-9)
    assert found["b_mass"][0] == pytest.approx(5.27941, abs=1e-9)
    assert found["charm_mass"][0] == pytest.approx(1.86484, abs=1e-9)
    assert set(found) == set(DECAY.kinematic_columns)


def test_the_assumed_energy_of_the_beams_does_not_enter(columns: dict[str, Column]) -> None:
    beams = FourVector(*(1.001 * column for column in NOMINAL.four_vector))
    nominal, other = (
        select.kinematics(columns, beam, DECAY)["b_energy"][0] for beam in (NOMINAL.four_vector, beams)
    )
    assert other == pytest.approx(nominal, abs=1e-12)


@pytest.mark.parametrize(
    ("column", "value", "cut"),
    [
        ("kaon.kaonID", 0.4, "identification"),
        ("pion_b.pionID", 0.05, "identification"),
        ("pion.dz", -2.5, "from_interaction_point"),
        ("fox_wolfram_r2", 0.5, "fox_wolfram_r2"),
        ("charm_mass", 1.845, "charm_mass"),
        ("b_mass", 5.13, "b_mass"),
        ("kaon.kaonID", np.nan, "identification"),
    ],
)
def test_each_cut_throws_out_what_it_is_for(
    columns: dict[str, Column], column: str, value: float, cut: str
) -> None:
    columns |= select.kinematics(columns, NOMINAL.four_vector, DECAY)
    cuts = select.cuts_of("d_zero_pi", select.Thresholds())
    assert evaluate(cuts, columns).selected.all()
    decisions = evaluate(cuts, columns | {column: np.array([value])})
    assert not decisions.selected.any()
    assert decisions.without(cut).all()


def test_a_window_of_the_mass_is_none_of_the_energy() -> None:
    # p* changes the energy that is measured, not the mass
    assert "b_energy" not in {n for c in select.cuts_of("d_pi", select.Thresholds()) for n in c.reads}


def test_weights_are_ratios_of_line_shapes_and_of_spreads() -> None:
    shifts = select.weight_shifts_of(DECAY, 10.58)
    one: dict[str, Column] = {"pair_mass": np.array([10.5794]), "collision_energy": np.array([10.58])}
    # at the resonance σ ∝ 1/Γ²
    wider = shifts["resonance_width"](one, 2.5e-3)[0]
    assert wider == pytest.approx((20.5 / 23.0) ** 2, rel=1e-9)
    # a Gaussian that is 5 % wider is 5 % lower in the middle, and higher two deviations off
    assert shifts["beam_spread"](one, 0.05)[0] == pytest.approx(1 / 1.05)
    far = one | {"collision_energy": np.array([10.58 + 2 * NOMINAL.sqrt_s_spread])}
    expected = np.exp(-2 / 1.05**2 + 2) / 1.05
    assert shifts["beam_spread"](far, 0.05)[0] == pytest.approx(expected)
    high = one | {"pair_mass": np.array([10.59])}
    assert shifts["resonance_mass"](high, 1.2e-3)[0] > 1 > shifts["resonance_mass"](high, -1.2e-3)[0]
    assert shifts["barrier"](high, 0.0)[0] == pytest.approx(1.0)
