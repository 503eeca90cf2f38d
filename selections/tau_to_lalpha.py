"""The selection of a lepton against τ → 3π ν, for τ → ℓα.

Thresholds follow physics.md section 3; all are [est], estimated by us. The lepton is an electron in one
region and a muon in the other: the kinematics, some cuts and what counts as another track depend on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple

import numpy as np
from pydantic import ConfigDict

from darkbelle.constants import ELECTRON_MASS, MUON_MASS, PION_MASS
from darkbelle.kernels import scaled_lepton_energy
from darkbelle.selections.cuts import Columns, Cut, Mask
from darkbelle.selections.shifts import Shift, WeightShift, scale_momenta
from darkbelle.vectors import Column, FourVector

__all__ = [
    "CUTS_ON",
    "EVENT_COLUMNS",
    "KINEMATIC_COLUMNS",
    "KINEMATIC_INPUTS",
    "LEPTONS",
    "SHIFTS",
    "TRACKS",
    "TRUTH_COLUMNS",
    "Lepton",
    "SignalRegion",
    "Thresholds",
    "kinematics",
    "signal_region",
    "weight_shifts",
]

Lepton = Literal["e", "mu"]
PIONS: Final = ("pion_1", "pion_2", "pion_3")
TRACKS: Final = (*PIONS, "lepton")


class LeptonKind(NamedTuple):
    """Mass in GeV, PDG code, and the column of the likelihood ratio."""

    mass: float
    pdg: int
    ratio: str


LEPTONS: Final[dict[Lepton, LeptonKind]] = {
    "e": LeptonKind(ELECTRON_MASS, 11, "lepton.electronID"),
    "mu": LeptonKind(MUON_MASS, 13, "lepton.muonID"),
}
TRIGGERS: Final[dict[Lepton, tuple[str, ...]]] = {
    "e": ("trigger_hie",),
    "mu": ("trigger_hie", "trigger_ffo", "trigger_fff", "trigger_stt"),
}

EVENT_COLUMNS: Final = (
    *(f"{track}.{field}" for track in TRACKS for field in ("px", "py", "pz", "dr", "dz", "electronID")),
    "lepton.muonID",
    "n_tracks",
    "thrust",
    "n_photons_3prong",
    "n_photons_1prong",
    "visible_energy_cm",
    *TRIGGERS["mu"],
)
TRUTH_COLUMNS: Final = ("lepton.mcPDG", "true_pi0s_minus", "true_pi0s_plus")

# what `kinematics` and `weight_shifts` read
KINEMATIC_INPUTS: Final = (
    *(f"{track}.{axis}" for track in TRACKS for axis in ("px", "py", "pz")),
    "visible_energy_cm",
)

# what `kinematics` returns: it changes when a momentum is shifted
KINEMATIC_COLUMNS: Final = ("x_lepton", "mass_3pi", "lepton_momentum")

# observable: the cuts on it, which are left out where the observable is drawn
CUTS_ON: Final = {"thrust": ("thrust",), "mass_3pi": ("mass_3pi",)}

SHIFTS: Final[dict[str, Shift]] = {
    "momentum_scale": lambda columns, size: scale_momenta(columns, TRACKS, size),
}

LOW_TRANSVERSE = 0.3  # GeV, below which the efficiency of tracks is less well known
MOMENTA = (0.5, 5.0)  # GeV, lab: where a tilt of the identification is -1 and +1
ENERGIES = (3.0, 9.0)  # GeV, CM, visible: likewise of the trigger


@dataclass(frozen=True)
class Thresholds:
    """Where the cuts are. Lengths in cm, energies in GeV.

    Parameters
    ----------
    max_dr, max_dz
        Distance of each track to the interaction point, transverse and along z.
    max_electron_id
        Electron likelihood ratio of each pion: no converted photon.
    min_electron_id, min_muon_id
        Likelihood ratio of the lepton.
    max_photons_3prong, max_photons_1prong
        Photons above 0.1 GeV in the two hemispheres.
    thrust
        Range of the thrust.
    mass_3pi
        Range of the mass of the three pions.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    max_dr: float = 0.5
    max_dz: float = 2.0
    max_electron_id: float = 0.9
    min_electron_id: float = 0.9
    min_muon_id: float = 0.9
    max_photons_3prong: int = 0
    max_photons_1prong: int = 0
    thrust: tuple[float, float] = (0.90, 0.99)
    mass_3pi: tuple[float, float] = (0.5, 1.7)


class SignalRegion(NamedTuple):
    """The cuts of a signal region, in the order of the cutflow."""

    best_candidate: Cut
    four_tracks: Cut
    from_interaction_point: Cut
    lepton_id: Cut
    no_electrons: Cut
    trigger: Cut
    no_neutrals_3prong: Cut
    no_neutrals_1prong: Cut
    thrust: Cut
    mass_3pi: Cut
    has_x: Cut


def signal_region(lepton: Lepton, at: Thresholds) -> SignalRegion:
    """Return the cuts of the signal region of a lepton at given thresholds.

    Three against one by the thrust axis stands in the ntuple. Then: four tracks and no more, from the
    interaction point; the one alone identified; triggered, electrons by the calorimeter and muons, which
    leave little in it, by tracks as well; no photon; the thrust of τ pairs, and the mass of τ → 3π ν.
    """
    least = at.min_electron_id if lepton == "e" else at.min_muon_id
    return SignalRegion(
        best_candidate=Cut("best_candidate", ("is_best_candidate",), lambda best: best),
        four_tracks=Cut("four_tracks", ("n_tracks",), lambda n: n == 4),
        from_interaction_point=Cut(
            "from_interaction_point",
            tuple(f"{track}.{field}" for field in ("dr", "dz") for track in TRACKS),
            lambda *d: _all_below(d[:4], at.max_dr) & _all_below(d[4:], at.max_dz),
        ),
        lepton_id=Cut("lepton_id", (LEPTONS[lepton].ratio,), lambda ratio: ratio > least),
        no_electrons=Cut(
            "no_electrons",
            tuple(f"{pion}.electronID" for pion in PIONS),
            lambda *ratios: _all_below(ratios, at.max_electron_id),
        ),
        trigger=Cut("trigger", TRIGGERS[lepton], lambda *bits: np.any(np.stack(bits) == 1, axis=0)),
        no_neutrals_3prong=Cut(
            "no_neutrals_3prong", ("n_photons_3prong",), lambda n: n <= at.max_photons_3prong
        ),
        no_neutrals_1prong=Cut(
            "no_neutrals_1prong", ("n_photons_1prong",), lambda n: n <= at.max_photons_1prong
        ),
        thrust=Cut("thrust", ("thrust",), lambda value: _between(value, at.thrust)),
        mass_3pi=Cut("mass_3pi", ("mass_3pi",), lambda mass: _between(mass, at.mass_3pi)),
        has_x=Cut("has_x", ("x_lepton",), np.isfinite),
    )


def kinematics(lepton: Lepton, columns: Columns, beam: FourVector) -> dict[str, Column]:
    """Return the columns that follow from the tracks' momenta and the beams.

    Parameters
    ----------
    lepton
        What the track alone is taken for.
    columns
        Those of `KINEMATIC_INPUTS`, each of shape (n,), GeV, lab. Energies are taken from the momenta and
        the masses of pion and lepton.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.

    Returns
    -------
    dict
        Shape (n,) each: ``x_lepton``, see `darkbelle.kernels.scaled_lepton_energy`; ``mass_3pi`` and
        ``lepton_momentum`` (lab) in GeV.
    """
    three = _track(columns, PIONS[0], PION_MASS)
    for pion in PIONS[1:]:
        three = three.plus(_track(columns, pion, PION_MASS))
    alone = _track(columns, "lepton", LEPTONS[lepton].mass)
    return {
        "x_lepton": scaled_lepton_energy(alone, three, beam),
        "mass_3pi": np.sqrt(np.maximum(three.mass_squared(), 0.0)),
        "lepton_momentum": np.sqrt(alone.px**2 + alone.py**2 + alone.pz**2),
    }


def weight_shifts(lepton: Lepton) -> Mapping[str, WeightShift]:
    """Return, by systematic of the channel, the factor on the weight of each event, shape (n,).

    ``lepton_id`` and ``trigger`` tilt: they change the efficiency at both ends of a range and nothing in
    the middle, for what is common to all events cancels in the ratio. ``lepton_fakes`` scales events in which
    the track alone is, truly, another particle. ``neutral_pions`` scales those with true π0, ``tracking``
    those with tracks of low pT, once for each.
    """
    pdg = LEPTONS[lepton].pdg
    return {
        "lepton_id": lambda columns, size: 1.0 + size * _tilt(columns["lepton_momentum"], MOMENTA),
        "lepton_fakes": lambda columns, size: np.where(
            np.abs(columns["lepton.mcPDG"]) == pdg, 1.0, 1.0 + size
        ),
        "trigger": lambda columns, size: 1.0 + size * _tilt(columns["visible_energy_cm"], ENERGIES),
        "neutral_pions": lambda columns, size: 1.0 + size * _true_pi0s(columns),
        "tracking": lambda columns, size: 1.0 + size * _low_tracks(columns),
    }


def _tilt(values: Column, ends: tuple[float, float]) -> Column:
    """Return a straight line from -1 at one end to +1 at the other, and no more beyond."""
    low, high = ends
    line: Column = np.clip(2.0 * (values - low) / (high - low) - 1.0, -1.0, 1.0)
    return line


def _true_pi0s(columns: Columns) -> Column:
    """Return the number of π0 of both τ, 0 where there is no τ."""
    count: Column = np.nan_to_num(columns["true_pi0s_minus"]) + np.nan_to_num(columns["true_pi0s_plus"])
    return count


def _low_tracks(columns: Columns) -> Column:
    transverse = [np.hypot(columns[f"{track}.px"], columns[f"{track}.py"]) for track in TRACKS]
    count: Column = np.sum(np.stack(transverse) < LOW_TRANSVERSE, axis=0, dtype=np.float64)
    return count


def _track(columns: Columns, track: str, mass: float) -> FourVector:
    px, py, pz = (np.asarray(columns[f"{track}.{axis}"], dtype=np.float64) for axis in ("px", "py", "pz"))
    return FourVector.with_mass(px, py, pz, mass)


def _all_below(columns: tuple[Column, ...], limit: float) -> Mask:
    mask: Mask = np.all(np.abs(np.stack(columns)) < limit, axis=0)
    return mask


def _between(values: Column, limits: tuple[float, float]) -> Mask:
    return (values > limits[0]) & (values < limits[1])
