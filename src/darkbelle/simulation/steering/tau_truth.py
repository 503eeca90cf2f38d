"""How the true τ of each charge decayed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import Beams
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.detector.records import Indices
from darkbelle.simulation.events import DARK_ALPHA, LEFT_HANDED, GeneratedEvents
from darkbelle.simulation.reconstruction import truth_tree
from darkbelle.simulation.reweighting import tau_mode_columns
from darkbelle.simulation.steering.columns import Columns

__all__ = ["lepton_alpha_columns", "radiated_energy_column", "tau_truth_columns"]

TAU: Final = 15
PHOTON: Final = 22
# what is counted, by the absolute codes of a τ's daughters
COUNTED: Final = {
    "Prong": (11, 13, 211, 321),
    "Pi0s": (111,),
    "Kaons": (321, 310, 130, 311),
    "Etas": (221,),
}


def tau_truth_columns(events: GeneratedEvents, event: Indices) -> Columns:
    """Return how the first τ− and the first τ+ of each row's event decayed; NaN where there is none.

    Of the daughters of the τ itself, for ``tauMinusMc`` and ``tauPlusMc`` each: ``Prong``, the number of
    charged ones, without those of a K_S; ``Lepton``, 11 or 13, or 0 for a hadronic decay; and the
    numbers of ``Pi0s``, ``Kaons`` and ``Etas``. Where the three tracks of a 3×1 event stem from π π0 and a
    conversion, or from a K_S, they tell. ``genTauMinusMode`` and ``genTauPlusMode`` number the modes,
    −1 where there is none, as of `darkbelle.simulation.reweighting.tau_mode_columns`.
    """
    tree = truth_tree(events)
    size = len(events)
    mother_code = np.append(tree.pdg, np.int32(0))[tree.mother]
    columns: Columns = {name: modes[event] for name, modes in tau_mode_columns(events).items()}
    for charge, code in (("Minus", TAU), ("Plus", -TAU)):
        decayed = np.arange(len(events.pdg), len(tree.pdg))
        taus = decayed[(tree.pdg[decayed] == code) & (mother_code[decayed] != code)]
        of_event = np.searchsorted(tree.decayed_offsets, taus, side="right") - 1
        first = np.full(size + 1, -1, dtype=np.int64)  # of no event for those that are not the first
        first[of_event[::-1]] = taus[::-1]
        is_first = np.zeros(len(tree.pdg) + 1, dtype=np.bool_)
        is_first[first[first >= 0]] = True
        daughters = np.flatnonzero(is_first[tree.mother] & (tree.mother >= 0))
        place = np.full(len(tree.pdg), -1, dtype=np.int64)
        place[first[first >= 0]] = np.flatnonzero(first >= 0)
        home, kinds = place[tree.mother[daughters]], np.abs(tree.pdg[daughters])
        known = first[:size] >= 0
        for name, codes in COUNTED.items():
            counts = np.bincount(home[np.isin(kinds, codes)], minlength=size)
            columns[f"tau{charge}Mc{name}"] = _or_nan(counts, known)[event]
        lepton = np.zeros(size)
        leptons = (kinds == 11) | (kinds == 13)
        lepton[home[leptons]] = kinds[leptons]
        columns[f"tau{charge}McLepton"] = _or_nan(lepton, known)[event]
    return columns


def lepton_alpha_columns(events: GeneratedEvents, event: Indices) -> Columns:
    """Return what the true τ → lα of each row's event was, NaN where there is none.

    ``genAlphaMass``, GeV, and ``genLeftHandedAsymmetry``: a of the density 1 + a that the spins of the pair
    would give with V−A, over that of isotropic decays; with V+A it is 1 − a.
    """
    size = len(events)
    alphas = np.flatnonzero(events.pdg == DARK_ALPHA)
    mass = np.full(size, np.nan)
    squared = events.momenta.rows(alphas).mass_squared() if alphas.size else np.zeros(0)
    mass[events.event_of_particle[alphas]] = np.sqrt(np.maximum(squared, 0.0))
    asymmetry = events.truth.get(LEFT_HANDED, np.full(size, np.nan))
    return {"genAlphaMass": mass[event], LEFT_HANDED: asymmetry[event]}


def radiated_energy_column(events: GeneratedEvents, event: Indices, beams: Beams) -> Columns:
    """Return ``genRadiatedEnergyCMS``: the sum of energies of photons that come from no other particle.

    Parameters
    ----------
    events
        In the lab.
    event
        Index of the event of each row.
    beams
        Whose CM it is in, GeV.
    """
    rows = np.flatnonzero((events.pdg == PHOTON) & (events.mother < 0))
    if rows.size == 0:
        return {"genRadiatedEnergyCMS": np.zeros(event.size)}
    energy = boost_to_rest_frame(events.momenta.rows(rows), beams.four_vector).energy
    sums = np.bincount(events.event_of_particle[rows], energy, minlength=len(events))
    return {"genRadiatedEnergyCMS": sums[event]}


def _or_nan(
    values: NDArray[np.integer] | NDArray[np.float64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    return np.where(known, values, np.nan)
