"""What happens to particles on their way: decays of π and K in flight, conversions, bremsstrahlung."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from darkbelle.constants import ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS
from darkbelle.kernels import boost_from_rest_frame, libm
from darkbelle.simulation.detector.helix import arc_to_radius, arc_to_z, point_after
from darkbelle.simulation.detector.layers import inner_material
from darkbelle.simulation.detector.parameters import Calorimeter, DetectorParameters, Silicon
from darkbelle.simulation.detector.particles import (
    ELECTRON,
    KAON,
    MUON,
    PHOTON,
    PION,
    Charged,
    is_charged,
)
from darkbelle.simulation.detector.records import Flags, Indices
from darkbelle.simulation.detector.wires import layers_crossed
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import Column, FourVector

__all__ = ["Passage", "conversion_probability", "passage"]

# cτ in cm, PDG 2024
PION_FLIGHT: Final = 780.45
KAON_FLIGHT: Final = 371.2
# K+ → μ+ν; of π+ all but 1e-4. The other decays of the kaon end its track without a muon.
KAON_TO_MUON: Final = 0.6356
MOST_RADIATED: Final = 20.0  # of an electron's momentum exp(−20) is left at least


class Passage(NamedTuple):
    """What reaches the detectors: ``charged`` particles, and ``photons``, indices of those generated."""

    charged: Charged
    photons: Indices


def passage(events: GeneratedEvents, detector: DetectorParameters, rng: np.random.Generator) -> Passage:
    """Take the particles of events in the lab through the material, and let them decay.

    π± and K± decay in flight up to the face of the calorimeter, where most of them would interact.
    Electrons radiate. Neutral hadrons are not seen, and multiple scattering is in the resolutions.
    Charged hyperons have decayed already, where Pythia's lifetimes took them, straight; that they leave
    hits themselves, in a few centimetres, is left out.
    """
    event = events.event_of_particle
    charged = _generated(events, event)
    charged = _decay_in_flight(charged, detector, rng)
    photons = np.flatnonzero(events.pdg == PHOTON)
    converts = rng.random(photons.size) < _conversion(events, photons, detector)
    pairs = _conversions(events, event, photons[converts], detector.silicon, rng)
    charged = _radiate(_in_order(charged, pairs), detector.silicon, rng)
    return Passage(charged, photons[~converts])


def conversion_probability(sine: Column, silicon: Silicon) -> Column:
    r"""Return the probability that a photon converts before the drift chamber.

    :math:`1-\exp(-\tfrac79\,t/\sin\theta)` for cylinders of thickness t in X0; PDG 2024, section 34.4.
    """
    thickness: float = inner_material(silicon)[1].sum()
    with np.errstate(divide="ignore"):
        return -libm.expm1(-7 / 9 * thickness / sine)


def _conversion(events: GeneratedEvents, photons: Indices, detector: DetectorParameters) -> Column:
    """Return the probability of conversion; what happens outside of the calorimeter's angles is not seen."""
    across = np.hypot(events.px[photons], events.py[photons])
    theta = libm.arctan2(across, events.pz[photons])
    low, high = np.deg2rad([detector.calorimeter.forward[0], detector.calorimeter.backward[1]])
    probability = conversion_probability(across / events.energy[photons], detector.silicon)
    return np.where((theta > low) & (theta < high), probability, 0.0)


def _generated(events: GeneratedEvents, event: Indices) -> Charged:
    which = np.flatnonzero(is_charged(events.pdg))
    pdg, px, py, pz = events.pdg[which], events.px[which], events.py[which], events.pz[which]
    transverse = np.hypot(px, py)
    momentum = np.hypot(transverse, pz)
    muon = np.abs(pdg) == MUON
    return Charged(
        event=event[which],
        particle=which,
        pdg=pdg,
        mother_pdg=events.mother_pdg[which],
        primary_pdg=pdg,
        px=px,
        py=py,
        pz=pz,
        x=events.x[which],
        y=events.y[which],
        z=events.z[which],
        secondary=np.zeros(which.size, dtype=np.bool_),
        ends_at=np.full(which.size, np.inf),
        muon_momentum=np.where(muon, momentum, 0.0),
        muon_angle_sine=np.where(muon, transverse / momentum, 0.0),
        radiated=np.zeros(which.size),
    )


def _decay_in_flight(charged: Charged, detector: DetectorParameters, rng: np.random.Generator) -> Charged:
    hadrons = np.flatnonzero(np.isin(np.abs(charged.pdg), (PION, KAON)))
    flying = charged.take(hadrons)
    kaon = np.abs(flying.pdg) == KAON
    mass = np.where(kaon, KAON_MASS, PION_MASS)
    length = rng.exponential(size=hadrons.size) * np.where(kaon, KAON_FLIGHT, PION_FLIGHT)
    arc = length * flying.transverse / mass
    muonic = rng.random(hadrons.size) < np.where(kaon, KAON_TO_MUON, 1.0)
    field = detector.drift_chamber.magnetic_field
    decays = arc < _arc_to_calorimeter(flying, field, detector.calorimeter)
    ending, place = flying.take(decays), hadrons[decays]
    x, y, z, phi = point_after(
        arc[decays], ending.charge, ending.curvature(field), ending.phi, ending.cotangent
    )
    muon = _muon_of(ending, phi, mass[decays], rng)
    after = _after_decay(ending, muon, (ending.x + x, ending.y + y, ending.z + z), muonic[decays], detector)
    columns = charged.columns()
    for name, values in after.columns().items():
        columns[name] = columns[name].copy()
        columns[name][place] = values
    return Charged(**columns)


def _arc_to_calorimeter(charged: Charged, field: float, calorimeter: Calorimeter) -> Column:
    to_barrel = arc_to_radius(charged.curvature(field), calorimeter.radius)
    to_end = arc_to_z(charged.cotangent, charged.z, calorimeter.forward_z, calorimeter.backward_z)
    return np.minimum(to_barrel, to_end)


def _muon_of(parent: Charged, phi: Column, mass: Column, rng: np.random.Generator) -> FourVector:
    """Return the muon of a two-body decay, isotropic in the rest frame, in the lab."""
    momentum = (mass**2 - MUON_MASS**2) / (2 * mass)
    cosine = rng.uniform(-1, 1, mass.size)
    azimuth = rng.uniform(0, 2 * np.pi, mass.size)
    across = momentum * np.sqrt(1 - cosine**2)
    at_rest = FourVector.with_mass(
        across * libm.cos(azimuth), across * libm.sin(azimuth), momentum * cosine, MUON_MASS
    )
    transverse = parent.transverse
    moving = FourVector.with_mass(transverse * libm.cos(phi), transverse * libm.sin(phi), parent.pz, mass)
    return boost_from_rest_frame(at_rest, moving)


def _after_decay(
    parent: Charged,
    muon: FourVector,
    place: tuple[Column, Column, Column],
    muonic: Flags,
    detector: DetectorParameters,
) -> Charged:
    """Return what is seen of decays: the parent if it crosses enough wires for a track, else the muon."""
    radius = np.hypot(place[0], place[1])
    wires = layers_crossed(parent.birth_radius, radius, detector.drift_chamber)
    parent_seen = ~muonic | (wires >= detector.tracking.hits_without_silicon)
    transverse = np.hypot(muon.px, muon.py)
    momentum = np.hypot(transverse, muon.pz)
    moved = replace(
        parent,
        pdg=np.where(parent_seen, parent.pdg, -MUON * np.sign(parent.pdg)).astype(np.int32),
        mother_pdg=np.where(parent_seen, parent.mother_pdg, parent.pdg).astype(np.int32),
        secondary=~parent_seen,
        ends_at=np.where(parent_seen, radius, np.inf),
        muon_momentum=np.where(muonic, momentum, 0.0),
        muon_angle_sine=np.where(muonic, transverse / momentum, 0.0),
    )
    new = {"px": muon.px, "py": muon.py, "pz": muon.pz} | dict(zip("xyz", place, strict=True))
    return replace(
        moved, **{name: np.where(parent_seen, getattr(parent, name), value) for name, value in new.items()}
    )


def _conversions(
    events: GeneratedEvents, event: Indices, which: Indices, silicon: Silicon, rng: np.random.Generator
) -> Charged:
    """Return the e+e− of converted photons: along the photon, sharing its energy evenly.

    An even share is Bethe and Heitler's spectrum to some 20 %.
    """
    share = rng.random(which.size)
    radii, thickness = inner_material(silicon)
    depth = rng.uniform(0, thickness.sum(), which.size)
    radius = radii[np.searchsorted(np.cumsum(thickness), depth, side="right")]
    shares = np.column_stack([share, 1 - share]).ravel()
    which, radius = np.repeat(which, 2), np.repeat(radius, 2)
    energy = shares * events.energy[which]
    # too soft a partner stays at rest, and is lost
    momentum = np.sqrt(np.maximum(energy**2 - ELECTRON_MASS**2, 1e-12))
    scale = momentum / events.energy[which]
    px, py, pz = (scale * column[which] for column in (events.px, events.py, events.pz))
    transverse = np.hypot(px, py)
    pdg = np.tile(np.array([ELECTRON, -ELECTRON], dtype=np.int32), which.size // 2)
    return Charged(
        event=event[which],
        particle=which,
        pdg=pdg,
        mother_pdg=np.full(which.size, PHOTON, dtype=np.int32),
        primary_pdg=np.full(which.size, PHOTON, dtype=np.int32),
        px=px,
        py=py,
        pz=pz,
        x=events.x[which] + radius * px / transverse,
        y=events.y[which] + radius * py / transverse,
        z=events.z[which] + radius * pz / transverse,
        secondary=np.ones(which.size, dtype=np.bool_),
        ends_at=np.full(which.size, np.inf),
        muon_momentum=np.zeros(which.size),
        muon_angle_sine=np.zeros(which.size),
        radiated=np.zeros(which.size),
    )


def _radiate(charged: Charged, silicon: Silicon, rng: np.random.Generator) -> Charged:
    r"""Take energy from electrons by bremsstrahlung in what lies before the chamber, all at birth.

    Behind t radiation lengths the share left is :math:`e^{-y}`, y of a gamma distribution with shape
    :math:`t/\ln 2`.

    References
    ----------
    H. Bethe and W. Heitler, Proc. R. Soc. A 146 (1934) 83.
    """
    electrons = np.flatnonzero(np.abs(charged.pdg) == ELECTRON)
    of = charged.take(electrons)
    radii, thickness = inner_material(silicon)
    beyond = np.append(np.cumsum(thickness[::-1])[::-1], 0.0)
    crossed = beyond[np.searchsorted(radii, of.birth_radius, side="right")] / libm.sin(of.theta)
    # never nothing, which would have no direction: along the beams there is no end of material
    left = libm.exp(-np.fmin(rng.gamma(crossed / libm.log(2)), MOST_RADIATED))
    columns = charged.columns()
    for name in ("px", "py", "pz"):
        columns[name] = columns[name].copy()
        columns[name][electrons] *= left
    radiated = np.zeros(len(charged))
    radiated[electrons] = (1 - left) * of.momentum
    return Charged(**{**columns, "radiated": radiated})


def _in_order(charged: Charged, pairs: Charged) -> Charged:
    if len(pairs) == 0:
        return charged
    more = pairs.columns()
    both = Charged(
        **{name: np.concatenate([column, more[name]]) for name, column in charged.columns().items()}
    )
    return both.take(np.argsort(both.event, kind="stable"))
