"""The selection of narrow peaks, one decay a region, and what their masses say of momenta.

Thresholds follow physics.md sections 0 and 6. Marks: [std] standard fact; [est] estimated by us.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import numpy as np
from pydantic import ConfigDict

from darkbelle.channels import Axis
from darkbelle.constants import (
    D_PLUS_MASS,
    D_ZERO_MASS,
    JPSI_MASS,
    KAON_MASS,
    MUON_MASS,
    NEUTRAL_KAON_MASS,
    PION_MASS,
)
from darkbelle.selections.cuts import Columns, Cut
from darkbelle.vectors import Column, FourVector

__all__ = [
    "DECAYS",
    "TRACK_FIELDS",
    "Decay",
    "Thresholds",
    "cuts_of",
    "kinematics",
    "leverages",
    "track_bins",
]

TRACK_FIELDS: Final = ("px", "py", "pz", "charge", "dr", "dz")


class Decay(NamedTuple):
    """One narrow peak.

    Attributes
    ----------
    daughters
        Its products with their masses in GeV; the first one's cosθ is what the mass is drawn against.
    mass
        Column of its mass.
    peak, window
        Where the peak is, and half the width of what is near it, GeV.
    reads
        What else than `TRACK_FIELDS` of the daughters is read.
    besides
        A pion beside it and the column of the difference in mass that it makes, if there is one.
    """

    daughters: Mapping[str, float]
    mass: str
    peak: float
    window: float
    reads: tuple[str, ...]
    besides: tuple[str, str] | None = None

    @property
    def tracks(self) -> tuple[str, ...]:
        """Its daughters, and the pion beside it."""
        return (*self.daughters, *(self.besides or ())[:1])

    @property
    def columns(self) -> tuple[str, ...]:
        """All that is read of its ntuples."""
        return (*(f"{track}.{field}" for track in self.tracks for field in TRACK_FIELDS), *self.reads)


# by region; windows are some three standard deviations of the mass [est]
DECAYS: Final[dict[str, Decay]] = {
    "d_star": Decay(
        {"kaon": KAON_MASS, "pion": PION_MASS},
        "mass_d_zero",
        D_ZERO_MASS,
        0.015,
        ("kaon.kaonID", "pion.pionID", "d_star.CMS_p"),
        ("pion_slow", "mass_difference"),
    ),
    "d_plus": Decay(
        {"kaon": KAON_MASS, "pion_1": PION_MASS, "pion_2": PION_MASS},
        "mass_d_plus",
        D_PLUS_MASS,
        0.015,
        ("kaon.kaonID", "pion_1.pionID", "pion_2.pionID", "d_plus.CMS_p"),
    ),
    "k_short": Decay(
        {"pion_plus": PION_MASS, "pion_minus": PION_MASS},
        "mass_k_short",
        NEUTRAL_KAON_MASS,
        0.007,
        ("k_short.dr", "k_short.significanceOfDistance", "k_short.cosAngleBetweenMomentumAndVertexVector"),
    ),
    "jpsi": Decay(
        {"muon_plus": MUON_MASS, "muon_minus": MUON_MASS},
        "mass_jpsi",
        JPSI_MASS,
        0.03,
        ("muon_plus.muonID", "muon_minus.muonID"),
    ),
}


@dataclass(frozen=True)
class Thresholds:
    """Where the cuts are. Lengths in cm, momenta and masses in GeV.

    Parameters
    ----------
    max_dr, max_dz
        Distance of each track to the interaction point, but for the K_S [est].
    min_kaon_id, min_pion_id, min_muon_id
        Likelihood ratio of each track for what it is taken for [est].
    min_momentum
        Of D*+ and D+ in the CM: above 2.5 GeV they do not come from a B [std].
    mass_difference
        Range of M(D*+) − M(D0), which is 0.14543 GeV [std]; its width is some 0.5 MeV [est].
    min_flight
        Transverse distance of the K_S vertex to the interaction point [est].
    min_flight_significance
        Distance of that vertex over its error [est].
    min_pointing
        Cosine between momentum and flight of the K_S [est].
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    max_dr: float = 0.5
    max_dz: float = 2.0
    min_kaon_id: float = 0.5
    min_pion_id: float = 0.1
    min_muon_id: float = 0.9
    min_momentum: float = 2.5
    mass_difference: tuple[float, float] = (0.1440, 0.1469)
    min_flight: float = 0.2
    min_flight_significance: float = 10.0
    min_pointing: float = 0.998


def cuts_of(region: str, at: Thresholds) -> tuple[Cut, ...]:
    """Return the cuts of a region at given thresholds.

    All candidates of an event are kept: those that are no decay of the kind lie under the peak.
    """
    return _CUTS[region](at)


def kinematics(columns: Columns, decay: Decay) -> dict[str, Column]:
    """Return the mass of a decay, and where its first daughter goes.

    Parameters
    ----------
    columns
        With ``<daughter>.px .py .pz``, each of shape (n,), GeV, lab.

    Returns
    -------
    dict
        Shape (n,) each: the column of the mass, GeV; that of the difference in mass, if the decay has one;
        and ``cos_theta`` of the first daughter, lab.
    """
    total = _sum(columns, decay.daughters)
    mass = _mass(total)
    first = _vector(columns, next(iter(decay.daughters)), 0.0)
    found = {decay.mass: mass, "cos_theta": first.pz / first.energy}
    if decay.besides is not None:
        pion, difference = decay.besides
        found[difference] = _mass(total.plus(_vector(columns, pion, PION_MASS))) - mass
    return found


def leverages(columns: Columns, decay: Decay) -> dict[str, Column]:
    r"""Return how much the mass of a decay grows with each daughter's momentum.

    .. math:: \frac{\partial\ln M}{\partial\ln p_i} = \frac{E\,p_i^2/E_i - \vec P\cdot\vec p_i}{M^2}

    for the sum :math:`(\vec P, E)` of all daughters, directions held: two equal ones give
    :math:`(1 - 4m^2/M^2)/2` each on average.

    Returns
    -------
    dict
        By daughter, shape (n,).
    """
    total = _sum(columns, decay.daughters)
    found = {}
    for daughter, mass in decay.daughters.items():
        own = _vector(columns, daughter, mass)
        along = total.px * own.px + total.py * own.py + total.pz * own.pz
        momentum_squared = own.px**2 + own.py**2 + own.pz**2
        found[daughter] = (total.energy * momentum_squared / own.energy - along) / total.mass_squared()
    return found


def track_bins(columns: Columns, decay: Decay, axis: Axis) -> dict[str, Column]:
    """Return which bins of the table the daughters are in, from 0 up, NaN where one is outside of it.

    First come the bins in cosθ of negative tracks, then those of positive ones.

    Parameters
    ----------
    axis
        Bins in cosθ.

    Returns
    -------
    dict
        ``track``, shape (daughters, n), and of a pair of opposite charges ``pair``, shape (n,): bin and
        charge of the first daughter, and for each of these the bin of the second.
    """
    bins = np.stack([_bin(columns, daughter, axis) for daughter in decay.daughters])
    if len(bins) > 2:
        return {"track": bins}
    return {"track": bins, "pair": bins[0] * axis.bins + bins[1] % axis.bins}


def _bin(columns: Columns, track: str, axis: Axis) -> Column:
    vector, charge = _vector(columns, track, 0.0), columns[f"{track}.charge"]
    place = np.searchsorted(axis.edges, vector.pz / vector.energy, side="right") - 1
    inside = (place >= 0) & (place < axis.bins) & (np.abs(charge) == 1)
    return np.where(inside, place + axis.bins * (charge > 0), np.nan)


def _d_star(at: Thresholds) -> tuple[Cut, ...]:
    low, high = at.mass_difference
    return (
        _identified("kaon_id", ("kaon.kaonID",), at.min_kaon_id),
        _identified("pion_id", ("pion.pionID",), at.min_pion_id),
        _near(("kaon", "pion"), at),
        Cut("momentum", ("d_star.CMS_p",), lambda p: p > at.min_momentum),
        Cut("mass_difference", ("mass_difference",), lambda d: (d > low) & (d < high)),
    )


def _d_plus(at: Thresholds) -> tuple[Cut, ...]:
    return (
        _identified("kaon_id", ("kaon.kaonID",), at.min_kaon_id),
        _identified("pion_id", ("pion_1.pionID", "pion_2.pionID"), at.min_pion_id),
        _near(("kaon", "pion_1", "pion_2"), at),
        Cut("momentum", ("d_plus.CMS_p",), lambda p: p > at.min_momentum),
    )


def _k_short(at: Thresholds) -> tuple[Cut, ...]:
    flight, pointing = "k_short.significanceOfDistance", "k_short.cosAngleBetweenMomentumAndVertexVector"
    return (
        Cut("flight", ("k_short.dr",), lambda d: d > at.min_flight),
        Cut("flight_significance", (flight,), lambda s: s > at.min_flight_significance),
        Cut("pointing", (pointing,), lambda c: c > at.min_pointing),
    )


def _jpsi(at: Thresholds) -> tuple[Cut, ...]:
    return (
        _identified("muon_id", ("muon_plus.muonID", "muon_minus.muonID"), at.min_muon_id),
        _near(("muon_plus", "muon_minus"), at),
    )


_CUTS: Final[dict[str, Callable[[Thresholds], tuple[Cut, ...]]]] = {
    "d_star": _d_star,
    "d_plus": _d_plus,
    "k_short": _k_short,
    "jpsi": _jpsi,
}


def _identified(name: str, reads: tuple[str, ...], least: float) -> Cut:
    return Cut(name, reads, lambda *ratios: np.min(np.stack(ratios), axis=0) > least)


def _near(tracks: tuple[str, ...], at: Thresholds) -> Cut:
    limits = [[limit] for limit in (at.max_dr, at.max_dz) for _ in tracks]
    reads = tuple(f"{track}.{field}" for field in ("dr", "dz") for track in tracks)
    return Cut(
        "from_interaction_point", reads, lambda *d: np.all(np.abs(np.stack(d)) < np.array(limits), axis=0)
    )


def _vector(columns: Columns, track: str, mass: float) -> FourVector:
    px, py, pz = (np.asarray(columns[f"{track}.{axis}"], dtype=np.float64) for axis in ("px", "py", "pz"))
    return FourVector.with_mass(px, py, pz, mass)


def _sum(columns: Columns, daughters: Mapping[str, float]) -> FourVector:
    first, *others = (_vector(columns, track, mass) for track, mass in daughters.items())
    for other in others:
        first = first.plus(other)
    return first


def _mass(vector: FourVector) -> Column:
    return np.sqrt(np.maximum(vector.mass_squared(), 0.0))
