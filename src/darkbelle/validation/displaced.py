"""Tracks that start away from the beams: how many are found, alone and as K_S → π+π−, and how well."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import MUON_MASS, NEUTRAL_KAON_MASS, PION_MASS
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.simulation.detector import NOMINAL_DETECTOR, detect
from darkbelle.simulation.detector.parameters import Tracking
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.detector.track_fit import follow
from darkbelle.simulation.detector.tracking import track_efficiency
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.light_hadrons import two_bodies
from darkbelle.simulation.reconstruction import fitted_pairs
from darkbelle.validation.figure import Figure, half_width, share
from darkbelle.vectors import Column, FourVector

__all__ = ["KAON_EDGES", "KaonFlights", "displaced_figures", "displaced_pairs", "kaon_flights"]

SECTION: Final = "Displaced tracks"
LONGEST: Final = 100.0  # cm, of the flights of the published efficiency
ACCEPTANCE: Final = np.deg2rad([17.0, 150.0])
KAON_EDGES: Final = (0.0, 2.0, 8.0, 16.0, 25.0, 35.0, 45.0, 58.0, 70.0)  # cm
KAON_MOMENTUM: Final = (0.5, 3.0)  # GeV
KAON_WINDOW: Final = 0.02  # GeV, to either side
BASELINE: Final = "arXiv:2411.13596, abstract: 52.2 %, finding and fitting, of tracks of uniform flights"
NETWORK: Final = "the same: 85.4 % by a graph neural network that asks for no origin"


class KaonFlights(NamedTuple):
    """K_S → π+π− by the transverse distance of their decay, in bins of `KAON_EDGES`.

    Attributes
    ----------
    efficiency, error
        Share that is found as a pair of tracks that fit a vertex, with a mass in the window, of all that
        decay into the acceptance.
    width
        Of the mass, GeV; NaN for less than 50 found.
    """

    efficiency: Column
    error: Column
    width: Column


def displaced_pairs(
    flight: Column, parent: tuple[float, Column], daughter: tuple[int, float], rng: np.random.Generator
) -> GeneratedEvents:
    """Return decays into two of a kind and its antiparticle, isotropic, after flights into the acceptance.

    Parameters
    ----------
    flight
        Lengths of the flights, cm, shape (n,).
    parent
        Its mass, and its momenta, shape (n,), GeV.
    daughter
        Code and mass in GeV of the first one.
    """
    size, (mass, momentum) = len(flight), parent
    most, least = np.cos(ACCEPTANCE)
    cosine, azimuth = rng.uniform(least, most, size), rng.uniform(-np.pi, np.pi, size)
    sine = np.sqrt(1 - cosine**2)
    flies = np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])
    px, py, pz = momentum * flies
    moving = FourVector.with_mass(px, py, pz, mass)
    pair = [
        boost_from_rest_frame(own, moving)
        for own in two_bodies(np.full(size, mass), daughter[1], daughter[1], rng)
    ]
    both = FourVector(*(np.stack(columns, axis=1) for columns in zip(*pair, strict=True)))
    x, y, z = np.repeat(flight * flies, 2, axis=1)
    slots = np.array([daughter[0], -daughter[0]])
    return replace(GeneratedEvents.from_slots(slots, both, frame="lab"), x=x, y=y, z=z)


def displaced_figures(size: int, seed: int = 1) -> list[Figure]:
    """Return the share of tracks found of particles of 2 GeV that fly evenly up to a metre, and K_S."""
    rng = np.random.default_rng(seed)
    events = displaced_pairs(rng.uniform(0.0, LONGEST, size), (2.0, np.full(size, 2.0)), (13, MUON_MASS), rng)
    muons = passage(events, NOMINAL_DETECTOR, rng).charged
    low, high = ACCEPTANCE
    muons = muons.take((muons.theta > low) & (muons.theta < high))
    courses, tracking = follow(muons, NOMINAL_DETECTOR), NOMINAL_DETECTOR.tracking

    def found(numbers: Tracking) -> tuple[float, float]:
        efficiency = track_efficiency(muons, courses, numbers)
        return float(efficiency.mean()), float(efficiency.std()) / np.sqrt(len(muons))

    upto = f"of flights up to {LONGEST:g} cm"
    figures = [
        Figure(
            SECTION, f"found {upto}", "1", *found(tracking), (0.522, 0.522), "pub", BASELINE, 0.05,
            set_to_it=True,
        ),
        Figure(
            SECTION, f"found {upto}, were every layer a hit", "1", *found(replace(tracking, hit_share=1.0)),
            (0.854, 0.854), "pub", NETWORK, 0.05,
            because="the network may do with fewer than the 20 hits that are asked for here",
        ),
    ]  # fmt: skip
    kaons = kaon_flights(size, seed)
    for (inner, outer), efficiency, error in zip(
        pairwise(KAON_EDGES), kaons.efficiency, kaons.error, strict=True
    ):
        name = f"K_S → π+π− that decay at {inner:g} to {outer:g} cm, found"
        figures.append(Figure(SECTION, name, "1", float(efficiency), float(error)))
    return figures


def kaon_flights(size: int, seed: int = 1) -> KaonFlights:
    """Return how many K_S of even flights, 0.5 to 3 GeV, are found, and the widths of their masses."""
    rng = np.random.default_rng(seed)
    flight, momentum = rng.uniform(0.0, LONGEST, size), rng.uniform(*KAON_MOMENTUM, size)
    events = displaced_pairs(flight, (NEUTRAL_KAON_MASS, momentum), (211, PION_MASS), rng)
    detected = detect(events, rng)
    pairs = fitted_pairs(
        detected,
        np.ones(len(detected.tracks), dtype=np.bool_),
        NOMINAL_DETECTOR.drift_chamber.magnetic_field,
    )
    fit = pairs.vertices
    first = FourVector.with_mass(fit.first_px, fit.first_py, fit.first_pz, PION_MASS)
    second = FourVector.with_mass(fit.second_px, fit.second_py, fit.second_pz, PION_MASS)
    mass = np.sqrt(first.plus(second).mass_squared())
    event = detected.tracks.event[pairs.positive]
    kept = np.abs(mass - NEUTRAL_KAON_MASS) < KAON_WINDOW
    is_found = np.zeros(size, dtype=np.bool_)
    is_found[event[kept]] = True
    cells: NDArray[np.int64] = np.digitize(np.hypot(events.x, events.y)[::2], KAON_EDGES) - 1
    shares, widths = [], []
    for cell in range(len(KAON_EDGES) - 1):
        inside = cells == cell
        shares.append(share(int(np.sum(is_found & inside)), int(np.sum(inside))))
        masses = mass[kept & (cells[event] == cell)]
        widths.append(half_width(masses) if len(masses) >= 50 else np.nan)
    efficiency, error = np.array(shares).T
    return KaonFlights(efficiency, error, np.array(widths))
