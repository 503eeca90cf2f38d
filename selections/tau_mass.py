"""The selection of τ → 3π ν against one prong, for the mass of the τ.

Thresholds follow physics.md section 5. Marks: [pub] read in the publication, arXiv:2305.19116;
[est] estimated by us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import numpy as np
from pydantic import ConfigDict

from darkbelle.constants import PION_MASS
from darkbelle.kernels import pseudomass
from darkbelle.selections.cuts import Columns, Cut, Mask
from darkbelle.selections.shifts import (
    BeamShift,
    Shift,
    WeightShift,
    scale_momenta,
    scaled_boost,
    stretch_residuals,
)
from darkbelle.selections.track_shifts import bend_tracks, lose_energy, stretch_along_z
from darkbelle.vectors import Column, FourVector

__all__ = [
    "BEAM_SHIFTS",
    "CUTS_ON",
    "EVENT_COLUMNS",
    "KINEMATIC_COLUMNS",
    "KINEMATIC_INPUTS",
    "PIONS",
    "SHIFTS",
    "TRUTH_COLUMNS",
    "WEIGHT_SHIFTS",
    "SignalRegion",
    "Thresholds",
    "kinematics",
    "signal_region",
]

PIONS: Final = ("pion_1", "pion_2", "pion_3")
TRIGGERS: Final = ("trigger_ffo", "trigger_fff", "trigger_stt", "trigger_hie")

EVENT_COLUMNS: Final = (
    *(
        f"{pion}.{field}"
        for pion in PIONS
        for field in ("px", "py", "pz", "charge", "dr", "dz", "electronID")
    ),
    "n_tracks",
    "thrust",
    "n_photons_3prong",
    "n_photons_1prong",
    "photon_energy_1prong",
    "missing_mass_squared",
    "missing_theta_cm",
    "visible_energy_cm",
    *TRIGGERS,
)
TRUTH_COLUMNS: Final = (
    *(f"{pion}.{field}" for pion in PIONS for field in ("mcPX", "mcPY", "mcPZ")),
    "radiated_energy_cm",
    *(f"true_{what}_{charge}" for what in ("pi0s", "lepton") for charge in ("minus", "plus")),
)

# what `kinematics` and the shifts read
KINEMATIC_INPUTS: Final = tuple(f"{pion}.{field}" for pion in PIONS for field in ("px", "py", "pz", "charge"))

# what `kinematics` returns: it changes when a momentum is shifted
KINEMATIC_COLUMNS: Final = ("pseudomass", "pseudomass_wide", "mass_3pi")

# observable: the cuts on it, which are left out where the observable is drawn
CUTS_ON: Final = {
    "thrust": ("thrust",),
    "visible_energy_cm": ("visible_energy",),
    "missing_mass_squared": ("missing_mass",),
}

SHIFTS: Final[dict[str, Shift]] = {
    "momentum_scale": lambda columns, size: scale_momenta(columns, PIONS, size),
    "misalignment_length": lambda columns, size: stretch_along_z(columns, PIONS, size),
    "misalignment_curvature": lambda columns, size: bend_tracks(columns, PIONS, size),
    "material": lambda columns, size: lose_energy(columns, PIONS, size),
    "momentum_resolution": lambda columns, size: stretch_residuals(columns, PIONS, size),
}

HARD_RADIATION: Final = 0.1  # GeV, CM: photons that the selection can see [est]


def more_radiation(columns: Columns, size: float) -> Column:
    """Return factors for a larger share of events with hard radiation, initial and final."""
    return np.where(columns["radiated_energy_cm"] > HARD_RADIATION, 1.0 + size, 1.0)


def more_neutral_tags(columns: Columns, size: float) -> Column:
    """Return factors for one prong beside which π0 are found more often, one factor for each of them."""
    neutrals: Column = (1.0 + size) ** _of_tag(columns, "pi0s")
    return neutrals


def more_leptonic_tags(columns: Columns, size: float) -> Column:
    """Return factors for a larger branching fraction of the τ of one prong into leptons."""
    return np.where(_of_tag(columns, "lepton") > 0, 1.0 + size, 1.0)


def _of_tag(columns: Columns, what: str) -> Column:
    """Return a truth column of the τ of one prong, whose charge the three do not have; 0 without one."""
    charge = np.sum([columns[f"{pion}.charge"] for pion in PIONS], axis=0)
    tag = np.where(charge < 0, columns[f"true_{what}_plus"], columns[f"true_{what}_minus"])
    return np.nan_to_num(tag)


WEIGHT_SHIFTS: Final[dict[str, WeightShift]] = {
    "radiation": more_radiation,
    "tag_neutrals": more_neutral_tags,
    "tag_modes": more_leptonic_tags,
}


def scaled_energy(beam: FourVector, size: float) -> FourVector:
    """Return beams whose √s is larger by a relative ``size``, at the same boost."""
    return FourVector(*(column * (1.0 + size) for column in beam))


BEAM_SHIFTS: Final[dict[str, BeamShift]] = {
    "beam_energy": scaled_energy,
    "boost": scaled_boost,
}


@dataclass(frozen=True)
class Thresholds:
    """Where the cuts are. Lengths in cm, energies in GeV, angles in degrees.

    Parameters
    ----------
    max_dr, max_dz
        Distance of each pion to the interaction point, transverse and along z [est].
    max_electron_id
        Electron likelihood ratio of each pion: no converted photon [est].
    thrust
        Range of the thrust: τ pairs lie between round events and pairs of leptons [est].
    max_photons_3prong, max_photons_1prong
        Photons above 0.1 GeV in the two hemispheres: no π0 beside the three, one at most beside
        the other track [est].
    max_photon_energy_1prong
        Sum of all photons beside that track: no hard radiation [est].
    visible_energy
        Range in the CM: against two-photon events, and against events in which nothing is missing [est].
    missing_mass_squared
        Range, GeV² [est].
    missing_theta
        Range of the polar angle of what is missing, CM: it has not gone down the beam pipes [est].
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    max_dr: float = 0.5
    max_dz: float = 2.0
    max_electron_id: float = 0.9
    thrust: tuple[float, float] = (0.87, 0.97)
    max_photons_3prong: int = 0
    max_photons_1prong: int = 2
    max_photon_energy_1prong: float = 3.0
    visible_energy: tuple[float, float] = (2.5, 9.0)
    missing_mass_squared: tuple[float, float] = (0.0, 54.0)
    missing_theta: tuple[float, float] = (20.0, 160.0)


class SignalRegion(NamedTuple):
    """The cuts of the signal region, in the order of the cutflow."""

    best_candidate: Cut
    four_tracks: Cut
    from_interaction_point: Cut
    no_electrons: Cut
    trigger: Cut
    no_neutrals_3prong: Cut
    neutrals_1prong: Cut
    thrust: Cut
    visible_energy: Cut
    missing_mass: Cut
    missing_direction: Cut
    has_pseudomass: Cut


def signal_region(at: Thresholds) -> SignalRegion:
    """Return the cuts of the signal region at given thresholds.

    Three against one by the thrust axis stands in the ntuple. Then: four tracks and no more, pions from
    the interaction point, triggered; no neutral beside the three, and what one π0 gives beside the
    other; the shape of τ pairs, with two neutrinos and more missing. An event whose squared
    pseudomass is negative has none: the last cut counts it.
    """
    low, high = np.radians(at.missing_theta)
    return SignalRegion(
        best_candidate=Cut("best_candidate", ("is_best_candidate",), lambda best: best),
        four_tracks=Cut("four_tracks", ("n_tracks",), lambda n: n == 4),
        from_interaction_point=Cut(
            "from_interaction_point",
            tuple(f"{pion}.{field}" for field in ("dr", "dz") for pion in PIONS),
            lambda *d: _all_below(d[:3], at.max_dr) & _all_below(d[3:], at.max_dz),
        ),
        no_electrons=Cut(
            "no_electrons",
            tuple(f"{pion}.electronID" for pion in PIONS),
            lambda *ratios: _all_below(ratios, at.max_electron_id),
        ),
        trigger=Cut("trigger", TRIGGERS, lambda *bits: np.any(np.stack(bits) == 1, axis=0)),
        no_neutrals_3prong=Cut(
            "no_neutrals_3prong", ("n_photons_3prong",), lambda n: n <= at.max_photons_3prong
        ),
        neutrals_1prong=Cut(
            "neutrals_1prong",
            ("n_photons_1prong", "photon_energy_1prong"),
            lambda n, energy: (n <= at.max_photons_1prong) & (energy < at.max_photon_energy_1prong),
        ),
        thrust=Cut("thrust", ("thrust",), lambda t: _between(t, at.thrust)),
        visible_energy=Cut(
            "visible_energy", ("visible_energy_cm",), lambda energy: _between(energy, at.visible_energy)
        ),
        missing_mass=Cut(
            "missing_mass", ("missing_mass_squared",), lambda m2: _between(m2, at.missing_mass_squared)
        ),
        missing_direction=Cut(
            "missing_direction", ("missing_theta_cm",), lambda theta: _between(theta, (low, high))
        ),
        has_pseudomass=Cut("has_pseudomass", ("pseudomass",), np.isfinite),
    )


def kinematics(columns: Columns, beam: FourVector) -> dict[str, Column]:
    """Return the columns that follow from the pions' momenta and the beams.

    Parameters
    ----------
    columns
        The pions' momenta, each of shape (n,), GeV, lab. Energies are taken from them and the mass of the
        pion.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.

    Returns
    -------
    dict
        Shape (n,) each, GeV: ``pseudomass``, NaN where its square is negative, the same as
        ``pseudomass_wide`` for another axis, and ``mass_3pi``.
    """
    three = _pion(columns, PIONS[0])
    for pion in PIONS[1:]:
        three = three.plus(_pion(columns, pion))
    mass = pseudomass(three, beam).mass
    return {
        "pseudomass": mass,
        "pseudomass_wide": mass,
        "mass_3pi": np.sqrt(np.maximum(three.mass_squared(), 0.0)),
    }


def _pion(columns: Columns, pion: str) -> FourVector:
    px, py, pz = (np.asarray(columns[f"{pion}.{axis}"], dtype=np.float64) for axis in ("px", "py", "pz"))
    return FourVector.with_mass(px, py, pz, PION_MASS)


def _all_below(columns: tuple[Column, ...], limit: float) -> Mask:
    mask: Mask = np.all(np.abs(np.stack(columns)) < limit, axis=0)
    return mask


def _between(values: Column, limits: tuple[float, float]) -> Mask:
    return (values > limits[0]) & (values < limits[1])
