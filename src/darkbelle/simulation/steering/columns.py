"""What columns of a row hold that every steering writes: counters, tracks, candidates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import Beams
from darkbelle.kernels import boost_to_rest_frame, libm
from darkbelle.simulation.detector import DetectedEvents
from darkbelle.simulation.detector.records import Indices, Kind
from darkbelle.simulation.reconstruction import ParticleList
from darkbelle.simulation.reconstruction.truth_tree import (
    MISSING_FSR,
    MISSING_NEUTRINO,
    MISSING_RESONANCE,
)
from darkbelle.vectors import Column, FourVector

__all__ = ["EXPERIMENT", "Columns", "candidate_columns", "counters", "momentum_cm", "track_columns"]

EXPERIMENT: Final = 1003  # basf2's number for simulation independent of runs
IDENTIFIED: Final[tuple[Kind, ...]] = ("electron", "muon", "pion", "kaon", "proton")

Columns = dict[str, NDArray[Any]]


def counters(event: Indices, size: int, first_event: int) -> Columns:
    """Return the counters of release 6 and later.

    Parameters
    ----------
    event
        Index of the event of each row, shape (n,), not falling.
    size
        Number of events.
    first_event
        Number of the event of index 0.
    """
    rows = event.size
    counts = np.bincount(event, minlength=size)
    starts = np.cumsum(counts) - counts
    return {
        "__experiment__": np.full(rows, EXPERIMENT, dtype=np.int32),
        "__run__": np.zeros(rows, dtype=np.int32),
        "__event__": (first_event + event).astype(np.uint32),
        "__production__": np.zeros(rows, dtype=np.int32),
        "__candidate__": (np.arange(rows) - starts[event]).astype(np.int32),
        "__ncandidates__": counts[event].astype(np.int32),
        "__weight__": np.ones(rows, dtype=np.float32),
    }


def track_columns(
    prefix: str, detected: DetectedEvents, particles: ParticleList, kinds: Iterable[Kind] = IDENTIFIED
) -> Columns:
    """Return what is known of the tracks in a list of charged final-state particles.

    ``px py pz E`` in GeV, lab, of the list's hypothesis; ``charge``; ``dr dz`` of the track to the
    interaction point, cm; likelihood ratios ``…ID`` of ``kinds``; ``nCDCHits``; ``clusterE`` and
    ``clusterEoP``, NaN without a cluster; and the truth: ``mcPDG mcPX mcPY mcPZ mcErrors isSignal
    genMotherPDG``, the last NaN for a particle from the collision.
    """
    tracks, which = detected.tracks, particles.tracks[:, 0]
    momentum, truth = particles.momenta, tracks.truth
    mother = truth.mother_pdg[which]
    columns = {
        "px": momentum.px,
        "py": momentum.py,
        "pz": momentum.pz,
        "E": momentum.energy,
        "charge": tracks.charge[which].astype(np.float64),
        "dr": tracks.dr[which],
        "dz": tracks.dz[which],
        **{f"{kind}ID": tracks.identified_as(kind)[which] for kind in kinds},
        "nCDCHits": tracks.cdc_hits[which].astype(np.float64),
        "clusterE": tracks.cluster_energy[which],
        "clusterEoP": tracks.cluster_energy[which] / _magnitude(momentum),
        "mcPDG": truth.pdg[which].astype(np.float64),
        "mcPX": truth.px[which],
        "mcPY": truth.py[which],
        "mcPZ": truth.pz[which],
        "mcErrors": particles.mc_errors.astype(np.float64),
        "isSignal": (particles.mc_errors == 0).astype(np.float64),
        "genMotherPDG": np.where(mother == 0, np.nan, mother),
    }
    return {f"{prefix}_{name}": values for name, values in columns.items()}


def candidate_columns(
    prefix: str, particles: ParticleList, detected: DetectedEvents, beams: Beams
) -> Columns:
    """Return what is known of composite candidates.

    ``M px py pz E p theta`` in GeV and rad, lab; ``CMS_p CMS_E CMS_cosTheta`` in the CM, the cosine to
    the lab's z axis turned with the boost; ``charge``; and the truth: ``mcPDG`` and ``genMotherPDG``,
    NaN without a match, ``mcErrors``, ``isSignal``, which overlooks final-state radiation and missing
    resonances, and ``isSignalAcceptMissingNeutrino``, which overlooks neutrinos too, NaN without a match.
    """
    momentum = particles.momenta
    in_cm = boost_to_rest_frame(momentum, beams.four_vector) if len(particles) else momentum
    size, size_cm = _magnitude(momentum), _magnitude(in_cm)
    known, code, mother = _true_codes(detected, particles)
    wrong = particles.mc_errors & ~(MISSING_FSR | MISSING_RESONANCE)
    columns = {
        "M": np.sqrt(momentum.mass_squared()),
        "px": momentum.px,
        "py": momentum.py,
        "pz": momentum.pz,
        "E": momentum.energy,
        "p": size,
        "theta": libm.arctan2(np.hypot(momentum.px, momentum.py), momentum.pz),
        "CMS_p": size_cm,
        "CMS_E": in_cm.energy,
        "CMS_cosTheta": in_cm.pz / size_cm,
        "charge": _charge(detected, particles),
        "mcPDG": np.where(known, code, np.nan),
        "mcErrors": particles.mc_errors.astype(np.float64),
        "isSignal": np.where(known, wrong == 0, np.nan),
        "isSignalAcceptMissingNeutrino": np.where(known, wrong & ~MISSING_NEUTRINO == 0, np.nan),
        "genMotherPDG": np.where(known & (mother != 0), mother, np.nan),
    }
    return {f"{prefix}_{name}": values for name, values in columns.items()}


def momentum_cm(particles: ParticleList, beams: Beams) -> Column:
    """Return the momenta of candidates in the CM, GeV, shape (n,)."""
    if len(particles) == 0:
        return np.zeros(0)
    return _magnitude(boost_to_rest_frame(particles.momenta, beams.four_vector))


def _magnitude(vector: FourVector) -> Column:
    magnitude: Column = np.sqrt(vector.px**2 + vector.py**2 + vector.pz**2)
    return magnitude


def _charge(detected: DetectedEvents, particles: ParticleList) -> Column:
    charge: Column = detected.tracks.charge[particles.tracks].sum(axis=1, dtype=np.float64)
    return charge


def _true_codes(
    detected: DetectedEvents, particles: ParticleList
) -> tuple[NDArray[np.bool_], NDArray[np.int32], NDArray[np.int32]]:
    """Return where there is a match, its code, and its mother's."""
    generated = detected.generated
    ancestors = generated.ancestors
    event = np.repeat(np.arange(len(generated)), np.diff(ancestors.offsets))
    above = np.append(ancestors.pdg, np.int32(0))[ancestors.row(event, ancestors.mother)]
    codes = np.concatenate([generated.pdg, ancestors.pdg, np.zeros(1, dtype=np.int32)])
    mothers = np.concatenate([generated.mother_pdg, above, np.zeros(1, dtype=np.int32)])
    return particles.matched >= 0, codes[particles.matched], mothers[particles.matched]
