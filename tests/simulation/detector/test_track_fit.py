"""The covariance of tracks: the design's resolution, an independent fit, pulls, and displaced births."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from darkbelle.kernels import boost_from_rest_frame, fit_pair_vertices
from darkbelle.simulation.detector import NOMINAL_DETECTOR, detect
from darkbelle.simulation.detector.layers import layers_of
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.detector.track_fit import Courses, follow
from darkbelle.simulation.detector.tracking import track_efficiency
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import Column, FourVector

Gun = Callable[..., GeneratedEvents]
ONLY_GAUSSIAN = replace(NOMINAL_DETECTOR, tracking=replace(NOMINAL_DETECTOR.tracking, tail_probability=0.0))


def course(events: GeneratedEvents) -> Courses:
    charged = passage(events, NOMINAL_DETECTOR, np.random.default_rng(1)).charged
    return follow(charged, NOMINAL_DETECTOR)


def errors_of(courses: Courses) -> Column:
    """Return d0, φ0, relative ω, z0, tan λ."""
    errors: Column = np.sqrt(np.einsum("nii->ni", courses.covariance))
    errors[:, 2] /= np.abs(courses.helix[:, 2])
    return errors


@pytest.mark.parametrize("transverse", [0.5, 1.0, 2.0, 3.0, 5.0, 7.0])
@pytest.mark.parametrize("theta", [90.0, 60.0])
def test_tracks_through_all_layers_have_the_designs_resolution(
    gun: Gun, transverse: float, theta: float
) -> None:
    momentum = transverse / np.sin(np.deg2rad(theta))
    found = errors_of(course(gun((13, momentum, theta, 0.0))))[0, 2]
    beta = momentum / np.hypot(momentum, 0.10566)
    assert found == pytest.approx(np.hypot(0.0011 * transverse, 0.0025 / beta), rel=0.15)


def test_impact_parameters_are_15_um_at_high_momentum_and_50_um_at_0p5_gev(gun: Gun) -> None:
    errors = errors_of(course(gun((211, 0.5, 90.0, 0.0), (211, 5.0, 90.0, 0.0))))
    assert errors[:, 0] * 1e4 == pytest.approx([50.0, 15.0], rel=0.25)
    assert errors[1, 3] * 1e4 == pytest.approx(20.0, rel=0.35)


def test_the_filter_knows_what_a_fit_of_all_layers_at_once_knows(gun: Gun) -> None:
    """A straight track: the information of points on a parabola, scattering as correlated errors."""
    momentum = 4.0
    layers = layers_of(NOMINAL_DETECTOR)
    found = course(gun((13, momentum, 90.0, 0.0))).covariance[0]
    # from the axis, a circle of R = 890 cm is nearly straight: u = d0 + s φ − s²/2 ω
    scattering = NOMINAL_DETECTOR.silicon.scattering / (momentum * momentum / np.hypot(momentum, 0.10566))
    s = layers.radius
    for columns, weights, which in (
        (np.stack([np.ones_like(s), s, s**2 / 2], axis=1), layers.weight, [0, 1, 2]),
        (np.stack([np.ones_like(s), s], axis=1), layers.weight_z, [3, 4]),
    ):
        measured = weights > 0
        lever = np.maximum(s[:, None] - s[None, :], 0.0)  # of a kick at layer k, seen at layer i
        kicks = (lever * scattering**2 * layers.thickness) @ lever.T
        covariance = (kicks + np.diag(1 / np.where(measured, weights, np.inf)))[np.ix_(measured, measured)]
        expected = np.linalg.inv(columns[measured].T @ np.linalg.solve(covariance, columns[measured]))
        np.testing.assert_allclose(np.sqrt(np.diag(found)[which]), np.sqrt(np.diag(expected)), rtol=0.03)


def test_pulls_of_all_parameters_are_normal(gun: Gun, rng: np.random.Generator) -> None:
    size = 20_000
    events = gun((13, 1.0, 70.0, 30.0), events=size)
    moved = replace(events, x=np.full(size, 3.0), y=np.full(size, -2.0))
    tracks = detect(moved, rng, ONLY_GAUSSIAN).tracks
    true = course(moved).helix[0]
    errors = np.stack(tracks.helix, axis=1) - true
    whitened = np.linalg.solve(np.linalg.cholesky(tracks.covariance), errors[:, :, None])[:, :, 0]
    np.testing.assert_allclose(np.cov(whitened.T), np.eye(5), atol=0.04)


def test_the_tail_is_wider_for_as_many_as_declared(gun: Gun, rng: np.random.Generator) -> None:
    events = gun((13, 4.0, 90.0, 0.0), events=50_000)
    tracks = detect(events, rng).tracks
    sigma = np.sqrt(tracks.covariance[:, 2, 2])
    pull = (tracks.helix.omega - course(gun((13, 4.0, 90.0, 0.0))).helix[0, 2]) / sigma
    # 95 % unit Gaussian and 5 % three times as wide: variance 0.95 + 0.05 · 9
    assert pull.mean() == pytest.approx(0.0, abs=0.02)
    assert pull.var() == pytest.approx(1.40, rel=0.04)
    assert np.mean(np.abs(pull) < 1) == pytest.approx(0.95 * 0.6827 + 0.05 * 0.2611, abs=0.01)


def test_a_short_lever_arm_is_worse(gun: Gun) -> None:
    errors = errors_of(course(gun((13, 4.0, 90.0, 0.0), (13, 11.7, 20.0, 0.0))))
    # both have pT 4.0; half the radius costs a factor four and more
    assert errors[1, 2] > 4 * errors[0, 2]


def test_impact_parameters_get_worse_with_the_radius_of_birth(gun: Gun) -> None:
    size = 5
    events = replace(gun((211, 1.0, 80.0, 15.0), events=size), x=np.array([0.0, 0.5, 5.0, 12.0, 40.0]))
    courses = course(events)
    # across by 5 cm · sin 15° = 1.3 cm, the track from 5 cm misses the pixels; from 12 cm all but one layer
    assert courses.silicon.tolist() == [6, 6, 3, 1, 0]
    errors = errors_of(courses)
    # the beam pipe and the first layer are beyond a birth at 0.5 cm as well
    assert errors[1, 0] == pytest.approx(errors[0, 0], rel=0.1)
    assert np.all(np.diff(errors[1:, 0]) > 0)
    assert np.all(np.diff(errors[1:, 3]) > 0)


def test_half_of_uniformly_displaced_tracks_are_found(rng: np.random.Generator) -> None:
    """As published, arXiv:2411.13596: 52 % a track, particles of some GeV, flights up to 100 cm."""
    tracks = displaced_pairs(rng, 20_000, mass=2.0, momentum=2.0)
    charged = passage(tracks, NOMINAL_DETECTOR, rng).charged
    degrees = np.rad2deg(charged.theta)
    inside = (degrees > 17) & (degrees < 150)
    efficiency = track_efficiency(charged, follow(charged, NOMINAL_DETECTOR), NOMINAL_DETECTOR.tracking)
    assert efficiency[inside].mean() == pytest.approx(0.52, abs=0.05)


def test_kaons_are_as_wide_as_expected(rng: np.random.Generator) -> None:
    """K_S → π+π− through the vertex fit: 2 to 3 MeV, and honest errors of the vertex."""
    pion = 0.13957039
    events = displaced_pairs(rng, 15_000, mass=0.497611, momentum=1.5, pdg=211, daughter=pion, flight=8.0)
    detected = detect(events, rng, ONLY_GAUSSIAN)
    tracks = detected.tracks
    pairs = np.flatnonzero(tracks.multiplicity == 2)
    first = tracks.offsets[:-1][pairs]
    kept = ~(tracks.truth.secondary[first] | tracks.truth.secondary[first + 1])
    first, pairs = first[kept], pairs[kept]
    helix = np.stack(tracks.helix, axis=1)
    found = fit_pair_vertices(
        helix[first], helix[first + 1], tracks.covariance[first], tracks.covariance[first + 1], 1.5
    )
    ok = found.converged & (found.chi_squared < 10)
    assert ok.mean() > 0.95
    true = np.stack([column[2 * pairs] for column in (events.x, events.y, events.z)], axis=1)
    pulls = (np.stack(found[:3], axis=1) - true)[ok] / np.sqrt(np.einsum("nii->ni", found.covariance[ok]))
    core = np.all(np.abs(pulls) < 6, axis=1)
    assert core.mean() > 0.98
    # energy is taken from no pion; the mean is of a linear expansion
    assert pulls[core].std(axis=0) == pytest.approx(1.0, abs=0.06)
    a = FourVector.with_mass(found.first_px, found.first_py, found.first_pz, pion)
    b = FourVector.with_mass(found.second_px, found.second_py, found.second_pz, pion)
    mass = np.sqrt(a.plus(b).mass_squared()[ok])
    low, middle, high = np.quantile(mass, [0.1587, 0.5, 0.8413])
    assert middle == pytest.approx(0.4976, abs=5e-4)
    assert 0.0015 < (high - low) / 2 < 0.0035


def displaced_pairs(
    rng: np.random.Generator,
    size: int,
    *,
    mass: float,
    momentum: float,
    pdg: int = -13,
    daughter: float = 0.1056584,
    flight: float = 100.0,
) -> GeneratedEvents:
    """Return decays into two, isotropic, after flights of uniform length (cm) into the acceptance."""
    cosine = rng.uniform(np.cos(np.deg2rad(150)), np.cos(np.deg2rad(17)), size)
    flies = _directions(cosine, rng)
    parent = _moving(momentum * flies, mass)
    own = np.sqrt(mass**2 / 4 - daughter**2) * _directions(rng.uniform(-1, 1, size), rng)
    pair = [boost_from_rest_frame(_moving(sign * own, daughter), parent) for sign in (1, -1)]
    both = FourVector(*(np.stack(columns, axis=1) for columns in zip(*pair, strict=True)))
    x, y, z = np.repeat(rng.uniform(0, flight, size) * flies, 2, axis=1)
    return replace(GeneratedEvents.from_slots(np.array([pdg, -pdg]), both, frame="lab"), x=x, y=y, z=z)


def _moving(momentum: Column, mass: float) -> FourVector:
    return FourVector.with_mass(momentum[0], momentum[1], momentum[2], mass)


def _directions(cosine: Column, rng: np.random.Generator) -> Column:
    azimuth, sine = rng.uniform(-np.pi, np.pi, cosine.size), np.sqrt(1 - cosine**2)
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])
