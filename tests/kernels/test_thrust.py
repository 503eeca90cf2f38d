"""Thrust against its definition by brute force: the best of all ways to part the particles."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from darkbelle.errors import KernelInputError
from darkbelle.kernels import hemispheres, thrust
from darkbelle.vectors import Column, FourVector


def vectors(momenta: Column) -> FourVector:
    px, py, pz = np.asarray(momenta, dtype=float).reshape(-1, 3).T
    return FourVector.with_mass(px.copy(), py.copy(), pz.copy(), 0.14)


def thrust_of(momenta: Column) -> float:
    return float(thrust(vectors(momenta), np.array([0, len(momenta)])).value[0])


def brute_force(momenta: Column) -> float:
    """Return max |Σ ±p| / Σ |p| over all signs, which is the definition with the axis along the sum."""
    signs = np.array(list(itertools.product([1.0, -1.0], repeat=len(momenta))))
    sums = np.linalg.norm(signs @ momenta, axis=1)
    return float(sums.max() / np.linalg.norm(momenta, axis=1).sum())


@pytest.mark.parametrize("multiplicity", [1, 2, 3, 4, 7, 11])
def test_thrust_is_the_best_of_all_partitions(rng: np.random.Generator, multiplicity: int) -> None:
    for _ in range(20):
        momenta = rng.normal(size=(multiplicity, 3)) * rng.exponential(size=(multiplicity, 1))
        assert thrust_of(momenta) == pytest.approx(brute_force(momenta), rel=1e-12)


def test_values_one_knows() -> None:
    along = np.array([[1.0, 0, 0], [-2.0, 0, 0]])
    star = np.array([[np.cos(angle), np.sin(angle), 0] for angle in np.deg2rad([0, 120, 240])])
    axes = np.vstack([np.eye(3), -np.eye(3)])
    assert thrust_of(along) == pytest.approx(1.0)
    assert thrust_of(star) == pytest.approx(2 / 3)
    assert thrust_of(axes) == pytest.approx(1 / np.sqrt(3))


def test_the_value_is_what_the_axis_gives(rng: np.random.Generator) -> None:
    momenta = rng.normal(size=(60, 3))
    offsets = np.array([0, 5, 5, 20, 60])
    found = thrust(vectors(momenta), offsets)
    assert np.isnan(found.value[1])
    for event in (0, 2, 3):
        of_event = momenta[offsets[event] : offsets[event + 1]]
        axis = np.array([found.x[event], found.y[event], found.z[event]])
        assert np.linalg.norm(axis) == pytest.approx(1.0)
        assert axis[2] >= 0
        along = np.abs(of_event @ axis).sum() / np.linalg.norm(of_event, axis=1).sum()
        assert found.value[event] == pytest.approx(along)


def test_hemispheres_part_the_particles_at_the_axis(rng: np.random.Generator) -> None:
    momenta = rng.normal(size=(9, 3))
    offsets = np.array([0, 4, 9])
    axis = thrust(vectors(momenta), offsets)
    ahead = hemispheres(vectors(momenta), offsets, axis)
    directions = np.repeat(np.stack([axis.x, axis.y, axis.z], axis=1), [4, 5], axis=0)
    assert ahead.tolist() == ((momenta * directions).sum(axis=1) > 0).tolist()
    # momenta of either side add up along the axis
    total = momenta[:4][ahead[:4]].sum(axis=0) - momenta[:4][~ahead[:4]].sum(axis=0)
    assert_allclose(total / np.linalg.norm(total), directions[0], atol=1e-12)


component = st.floats(-5, 5, allow_nan=False).filter(lambda value: abs(value) > 1e-3)


@settings(deadline=None)
@given(
    st.lists(st.tuples(component, component, component), min_size=2, max_size=7),
    st.tuples(*(st.floats(0, 2 * np.pi) for _ in range(3))),
    st.randoms(use_true_random=False),
)
def test_neither_rotation_nor_order_changes_it(
    momenta: list[Column], angles: Column, shuffle: object
) -> None:
    before = thrust_of(np.array(momenta))
    turned = Rotation.from_euler("zyz", angles).apply(momenta)
    shuffle.shuffle(momenta)  # type: ignore[attr-defined]  # hypothesis' Random
    assert thrust_of(turned) == pytest.approx(before, rel=1e-9)
    assert thrust_of(np.array(momenta)) == pytest.approx(before, rel=1e-9)
    assert 0.5 - 1e-12 <= before <= 1 + 1e-12


def test_events_with_nan_have_no_thrust() -> None:
    momenta = np.array([[1.0, 0, 0], [np.nan, 0, 0], [1.0, 0, 0]])
    assert np.isnan(thrust(vectors(momenta), np.array([0, 2, 3])).value).tolist() == [True, False]


@pytest.mark.parametrize("offsets", [[0, 2], [1, 3], [0, 2, 1, 3], [], [0.0, 3.0]])
def test_offsets_must_fit(offsets: list[float]) -> None:
    with pytest.raises(KernelInputError, match="rise from 0 to the 3 particles"):
        thrust(vectors(np.eye(3)), np.array(offsets))
