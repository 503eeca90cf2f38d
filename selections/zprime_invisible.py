"""The selection of e+e− → μ+μ− Z′, Z′ → invisible: two muons, nothing else, and a recoil.

Thresholds follow physics.md section 1. Marks: [pub] read in the publication, arXiv:2212.03066;
[std] standard fact about the detector; [est] estimated by us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import numpy as np
from pydantic import ConfigDict

from darkbelle.constants import MUON_MASS
from darkbelle.kernels import pair_recoil
from darkbelle.selections.cuts import Columns, Cut, Mask
from darkbelle.selections.shifts import Shift, stretch_residuals
from darkbelle.vectors import Column, FourVector

__all__ = [
    "CUTS_ON",
    "EVENT_COLUMNS",
    "KINEMATIC_COLUMNS",
    "KINEMATIC_INPUTS",
    "MUONS",
    "SHIFTS",
    "TRUTH_COLUMNS",
    "SignalRegion",
    "Thresholds",
    "kinematics",
    "signal_region",
]

MUONS: Final = ("mu_plus", "mu_minus")

EVENT_COLUMNS: Final = (
    *(f"{muon}.{field}" for muon in MUONS for field in ("px", "py", "pz", "charge", "dr", "dz", "muonID")),
    "n_tracks",
    "photon_energy_sum",
    "n_hard_photons",
    "angle_to_back_to_back_photon",
    "trigger_ffo",
    "trigger_cdcklm",
)
TRUTH_COLUMNS: Final = tuple(f"{muon}.{field}" for muon in MUONS for field in ("mcPX", "mcPY", "mcPZ"))

# what `kinematics` reads
KINEMATIC_INPUTS: Final = (
    *(f"{muon}.{field}" for muon in MUONS for field in ("px", "py", "pz")),
    "n_hard_photons",
    "angle_to_back_to_back_photon",
)

# what `kinematics` returns: it changes when a momentum is shifted
KINEMATIC_COLUMNS: Final = (
    "m2_recoil",
    "theta_recoil_cm",
    "cos_theta_recoil",
    "pt_pair",
    "recoil_transverse_to_fast_muon",
    "recoil_transverse_to_slow_muon",
    "pt_pair_share",
    "fast_muon_share",
    "muon_momentum",
    "mu_plus.cos_theta",
    "mu_minus.cos_theta",
    "cos_transverse_opening",
    "photon_to_recoil",
)

# observable: the cuts on it, which are left out where the observable is drawn
CUTS_ON: Final = {
    "pt_pair": ("pt_pair",),
    "recoil_transverse_to_fast_muon": ("recoil_transverse_to_fast_muon",),
    "recoil_transverse_to_slow_muon": ("recoil_transverse_to_slow_muon",),
    "pt_pair_share": ("pt_pair_share",),
    "fast_muon_share": ("fast_muon_share",),
    "photon_energy_sum": ("photon_energy",),
}

SHIFTS: Final[dict[str, Shift]] = {
    "recoil_resolution": lambda columns, size: stretch_residuals(columns, MUONS, size),
}


@dataclass(frozen=True)
class Thresholds:
    """Where the cuts are. Lengths in cm, energies and momenta in GeV, angles in degrees.

    Parameters
    ----------
    max_dr, max_dz
        Distance of each track to the interaction point, transverse and along z [est].
    min_muon_id
        Global muon likelihood ratio of each track [est].
    muon_theta
        Lab polar angle of each muon, the barrel of the KLM [std].
    min_transverse_opening
        Between the muons in the transverse plane: what the trigger ``ffo`` asks for [pub].
    use_cdcklm
        Also take events of the CDC-KLM trigger, whatever the opening of the muons is [est].
    max_photon_energy_sum
        Of all photons [pub].
    min_photon_to_recoil
        Angle in the CM between the recoil and the nearest photon above 0.1 GeV [est].
    barrel_theta
        Lab polar angle of the recoil at low recoil mass: the ECL barrel, outside of which an
        escaped photon of μμγ looks like a massless Z′ [std].
    barrel_below_m2_recoil
        Recoil mass², GeV², below which that is asked for [est].
    min_pt_pair
        Momentum of the muon pair transverse to the collision axis, CM [est].
    min_recoil_transverse_to_fast_muon, min_recoil_transverse_to_slow_muon
        Momentum of the recoil transverse to the faster and the slower muon, CM [est].
    min_pt_pair_share, min_fast_muon_share
        The first two of these as shares of the largest momentum that a recoil of this mass can have.
    shares_in_full_from
        Recoil mass², GeV², from which shares are asked for in full. From 0 to there they rise in
        proportion, as there is hardly any ττ to suppress at low recoil mass [est].

    Notes
    -----
    The shares, which do most of the τ suppression, have the least geometric mean over the masses of
    Punzi's figure of merit on samples of our own simulation; ``docs/studies/zprime_thresholds.py``
    does it again. No published limit entered.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    max_dr: float = 0.5
    max_dz: float = 2.0
    min_muon_id: float = 0.5
    muon_theta: tuple[float, float] = (37.0, 130.0)
    min_transverse_opening: float = 90.0
    use_cdcklm: bool = True
    max_photon_energy_sum: float = 0.5
    min_photon_to_recoil: float = 15.0
    barrel_theta: tuple[float, float] = (32.2, 128.7)
    barrel_below_m2_recoil: float = 9.0
    min_pt_pair: float = 0.8
    min_recoil_transverse_to_fast_muon: float = 0.6
    min_recoil_transverse_to_slow_muon: float = 0.6
    min_pt_pair_share: float = 0.55
    min_fast_muon_share: float = 0.30
    shares_in_full_from: float = 4.0


class SignalRegion(NamedTuple):
    """The cuts of the signal region, in the order of the cutflow."""

    best_candidate: Cut
    two_tracks: Cut
    opposite_charge: Cut
    from_interaction_point: Cut
    muon_id: Cut
    photon_energy: Cut
    muons_in_klm: Cut
    trigger: Cut
    no_photon_near_recoil: Cut
    recoil_in_barrel: Cut
    pt_pair: Cut
    recoil_transverse_to_fast_muon: Cut
    recoil_transverse_to_slow_muon: Cut
    pt_pair_share: Cut
    fast_muon_share: Cut


def signal_region(at: Thresholds) -> SignalRegion:
    """Return the cuts of the signal region at given thresholds.

    The first cut leaves one candidate an event. Then: events with exactly two tracks, opposite in
    charge, from the interaction point, both identified as muons where the KLM is; triggered; hardly
    any photon energy, and no photon where that of μμγ would be; the last five suppress ττ and eeμμ
    by how the recoil lies to the muons, and stand where a network will.
    """
    klm_first, klm_last = np.cos(np.radians(at.muon_theta))
    barrel_first, barrel_last = np.cos(np.radians(at.barrel_theta))
    opening = np.cos(np.radians(at.min_transverse_opening))
    photon_angle = np.radians(at.min_photon_to_recoil)
    fast, slow = "recoil_transverse_to_fast_muon", "recoil_transverse_to_slow_muon"
    return SignalRegion(
        best_candidate=Cut("best_candidate", ("is_best_candidate",), lambda best: best),
        two_tracks=Cut("two_tracks", ("n_tracks",), lambda n: n == 2),
        opposite_charge=Cut("opposite_charge", _both("charge"), lambda plus, minus: plus * minus < 0),
        from_interaction_point=Cut(
            "from_interaction_point",
            (*_both("dr"), *_both("dz")),
            lambda dr_a, dr_b, dz_a, dz_b: (
                _within(dr_a, at.max_dr)
                & _within(dr_b, at.max_dr)
                & _within(dz_a, at.max_dz)
                & _within(dz_b, at.max_dz)
            ),
        ),
        muon_id=Cut("muon_id", _both("muonID"), lambda a, b: (a > at.min_muon_id) & (b > at.min_muon_id)),
        photon_energy=Cut("photon_energy", ("photon_energy_sum",), lambda e: e < at.max_photon_energy_sum),
        muons_in_klm=Cut(
            "muons_in_klm",
            _both("cos_theta"),
            lambda a, b: (np.maximum(a, b) <= klm_first) & (np.minimum(a, b) >= klm_last),
        ),
        trigger=Cut(
            "trigger",
            ("trigger_ffo", "cos_transverse_opening", "trigger_cdcklm"),
            lambda ffo, cosine, klm: ((ffo == 1) & (cosine < opening)) | (at.use_cdcklm & (klm == 1)),
        ),
        no_photon_near_recoil=Cut(
            "no_photon_near_recoil", ("photon_to_recoil",), lambda angle: angle > photon_angle
        ),
        recoil_in_barrel=Cut(
            "recoil_in_barrel",
            ("m2_recoil", "cos_theta_recoil"),
            lambda m2, cosine: (
                (m2 >= at.barrel_below_m2_recoil) | ((cosine <= barrel_first) & (cosine >= barrel_last))
            ),
        ),
        pt_pair=Cut("pt_pair", ("pt_pair",), lambda pt: pt > at.min_pt_pair),
        recoil_transverse_to_fast_muon=Cut(
            fast, (fast,), lambda p: p > at.min_recoil_transverse_to_fast_muon
        ),
        recoil_transverse_to_slow_muon=Cut(
            slow, (slow,), lambda p: p > at.min_recoil_transverse_to_slow_muon
        ),
        pt_pair_share=Cut(
            "pt_pair_share",
            ("pt_pair_share", "m2_recoil"),
            lambda share, m2: share > at.min_pt_pair_share * _rise(m2, at.shares_in_full_from),
        ),
        fast_muon_share=Cut(
            "fast_muon_share",
            ("fast_muon_share", "m2_recoil"),
            lambda share, m2: share > at.min_fast_muon_share * _rise(m2, at.shares_in_full_from),
        ),
    )


def kinematics(columns: Columns, beam: FourVector) -> dict[str, Column]:
    r"""Return the columns that follow from the muons' momenta and the beams.

    Parameters
    ----------
    columns
        Those of `KINEMATIC_INPUTS`, each of shape (n,); momenta in GeV, lab. The energy is taken
        from the momentum and the muon mass.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.

    Returns
    -------
    dict
        Shape (n,) each, two entries an event for ``muon_momentum``, shape (2, n). ``m2_recoil`` in
        GeV²; ``theta_recoil_cm`` and ``photon_to_recoil`` (CM; π without a hard photon) in rad;
        ``cos_theta_recoil``, ``<muon>.cos_theta`` and ``cos_transverse_opening`` (lab);
        ``muon_momentum`` (lab), ``pt_pair`` and ``recoil_transverse_to_fast|slow_muon`` (CM) in GeV;
        ``pt_pair_share`` and ``fast_muon_share`` are the first two of these over the largest momentum
        that a recoil of this mass can have, see `darkbelle.kernels.PairRecoil`.
    """
    plus, minus = (_muon(columns, muon) for muon in MUONS)
    recoil = pair_recoil(plus, minus, beam)
    return {
        "m2_recoil": recoil.mass_squared,
        "theta_recoil_cm": recoil.theta_cm,
        "cos_theta_recoil": recoil.cos_theta,
        "pt_pair": recoil.pair_transverse,
        "recoil_transverse_to_fast_muon": recoil.transverse_to_fast,
        "recoil_transverse_to_slow_muon": recoil.transverse_to_slow,
        "pt_pair_share": recoil.pair_transverse / recoil.largest_momentum,
        "fast_muon_share": recoil.transverse_to_fast / recoil.largest_momentum,
        "muon_momentum": np.array([recoil.momentum_a, recoil.momentum_b]),
        "mu_plus.cos_theta": recoil.cos_theta_a,
        "mu_minus.cos_theta": recoil.cos_theta_b,
        "cos_transverse_opening": recoil.cos_transverse_opening,
        "photon_to_recoil": _photon_to_recoil(columns),
    }


def _both(field: str) -> tuple[str, ...]:
    return tuple(f"{muon}.{field}" for muon in MUONS)


def _rise(m2_recoil: Column, full: float) -> Column:
    """Return 0 for no recoil mass, 1 from mass² ``full`` on, and a straight line between."""
    return np.clip(m2_recoil / full, 0.0, 1.0)


def _within(values: Column, limit: float) -> Mask:
    return (values < limit) & (values > -limit)


def _muon(columns: Columns, muon: str) -> FourVector:
    px, py, pz = (np.asarray(columns[f"{muon}.{axis}"], dtype=np.float64) for axis in ("px", "py", "pz"))
    return FourVector.with_mass(px, py, pz, MUON_MASS)


def _photon_to_recoil(columns: Columns) -> Column:
    """Return the CM angle between the recoil and the nearest hard photon, rad, π where there is none.

    The ntuple has the angle to the muon pair, which is opposite to the recoil in the CM. A shift of
    the muons leaves it as it was stored.
    """
    angle = np.pi - columns["angle_to_back_to_back_photon"]
    return np.where(columns["n_hard_photons"] == 0, np.pi, angle)
