"""Pythia's event records as tables of particles: who came from whom, without what is no particle."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from darkbelle.simulation.particles import Particles
from darkbelle.vectors import FourVector

__all__ = ["particles_of_record"]

CENTIMETRES = 0.1  # Pythia's lengths are in mm
# Pythia's status codes of what decays: put in by hand, showered, made by hadronisation or by a decay
GIVEN, SHOWERED, HADRONIC = range(1, 2), range(51, 60), range(81, 100)
LEPTONS, PHOTON, FIRST_HADRON = range(11, 17), 22, 100
FIRST_BARYON, LAST_BARYON = 1000, 10_000  # or diquarks, whose tens are zero


def particles_of_record(batch: Any) -> Particles:
    """Return the particles of a batch of Pythia's events.

    The final particles are all kept; of the others, hadrons and τ leptons that decay. Beams, partons,
    strings and clusters are left out, and what they made counts as made by the particle before them.
    Of a particle that radiates only what it becomes is kept, beside its photon.

    Parameters
    ----------
    batch
        What ``Pythia.nextBatch`` returns; events are numbered from 0.
    """
    flat = ak.flatten(batch.prt)
    sizes = ak.to_numpy(ak.num(batch.prt))
    starts = np.cumsum(sizes) - sizes
    event = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    pdg, status = ak.to_numpy(flat.id), ak.to_numpy(flat.status)
    # line 0 of a record stands for the event as a whole; it is never kept, and is its own mother
    line_0 = starts[event]
    mother = ak.to_numpy(flat.mother1) + line_0
    radiates = np.zeros(len(pdg), dtype=np.bool_)
    radiates[mother[pdg == pdg[mother]]] = True
    is_kept = (status > 0) | (_is_particle(pdg) & _has_decayed(status) & ~radiates)
    while (passed := ~is_kept[mother] & (mother != line_0)).any():
        mother[passed] = mother[mother[passed]]
    row = np.full(len(pdg), -1)
    row[is_kept] = np.arange(is_kept.sum())
    momentum, vertex = flat.p, flat.vProd
    columns = (momentum.px, momentum.py, momentum.pz, momentum.e)
    # no vertex is written where it is the origin
    places = (ak.fill_none(column, 0.0) for column in (vertex.px, vertex.py, vertex.pz, vertex.e))
    return Particles(
        event[is_kept],
        pdg[is_kept].astype(np.int32),
        FourVector(*(ak.to_numpy(column)[is_kept] for column in columns)),
        CENTIMETRES * np.stack([ak.to_numpy(column)[is_kept] for column in places], axis=1),
        row[mother[is_kept]],
        status[is_kept] < 0,
    )


def _has_decayed(status: NDArray[np.int32]) -> NDArray[np.bool_]:
    return np.isin(-status, [*GIVEN, *SHOWERED, *HADRONIC])


def _is_particle(pdg: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which are leptons, photons or hadrons: not quarks, gluons, diquarks, strings or clusters."""
    code = np.abs(pdg)
    is_diquark = (code > FIRST_BARYON) & (code < LAST_BARYON) & (code // 10 % 10 == 0)
    is_lepton = (code >= LEPTONS.start) & (code < LEPTONS.stop)
    return is_lepton | (code == PHOTON) | ((code > FIRST_HADRON) & ~is_diquark)
