"""The selection of B mesons that are reconstructed whole, one decay a region, and their energies.

Thresholds follow physics.md section 0. Marks: [std] standard fact; [est] estimated by us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final, NamedTuple

import numpy as np
from pydantic import ConfigDict

from darkbelle.beams import NOMINAL
from darkbelle.constants import (
    B_PLUS_MASS,
    B_ZERO_MASS,
    D_PLUS_MASS,
    D_ZERO_MASS,
    JPSI_MASS,
    KAON_MASS,
    MUON_MASS,
    PION_MASS,
)
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.line_shape import UPSILON_4S, LineShape, PairKind
from darkbelle.selections.cuts import Columns, Cut
from darkbelle.selections.shifts import BeamShift, Shift, WeightShift, scale_momenta, scaled_boost
from darkbelle.vectors import Column, FourVector

__all__ = [
    "BEAM_SHIFTS",
    "DECAYS",
    "EVENT_COLUMNS",
    "TRACK_FIELDS",
    "TRUTH_COLUMNS",
    "Decay",
    "Thresholds",
    "cuts_of",
    "kinematics",
    "shifts_of",
    "weight_shifts_of",
]

TRACK_FIELDS: Final = ("px", "py", "pz", "dr", "dz")
EVENT_COLUMNS: Final = ("fox_wolfram_r2",)
TRUTH_COLUMNS: Final = ("collision_energy", "pair_mass")

BEAM_SHIFTS: Final[dict[str, BeamShift]] = {"boost": scaled_boost}


class Decay(NamedTuple):
    """One decay of a B.

    Attributes
    ----------
    pair
        What is produced.
    mass
        Of the B, PDG, GeV.
    inner
        The products of the D or J/ψ with their masses in GeV.
    beside
        What is beside it, and its mass in GeV.
    inner_mass
        Column and value of the mass of the D or J/ψ, GeV.
    identified
        The likelihood ratios that are cut on: of a track, for what.
    """

    pair: PairKind
    mass: float
    inner: Mapping[str, float]
    beside: tuple[str, float]
    inner_mass: tuple[str, float]
    identified: tuple[str, ...]

    @property
    def tracks(self) -> tuple[str, ...]:
        """All of its tracks."""
        return (*self.inner, self.beside[0])

    @property
    def columns(self) -> tuple[str, ...]:
        """What is read of its ntuples, besides `EVENT_COLUMNS`."""
        return (*(f"{track}.{field}" for track in self.tracks for field in TRACK_FIELDS), *self.identified)

    @property
    def kinematic_inputs(self) -> tuple[str, ...]:
        """What `kinematics` reads."""
        return tuple(f"{track}.{axis}" for track in self.tracks for axis in ("px", "py", "pz"))

    @property
    def kinematic_columns(self) -> tuple[str, ...]:
        """What `kinematics` returns."""
        return ("b_energy", "b_mass", self.inner_mass[0])


# by region
DECAYS: Final[dict[str, Decay]] = {
    "d_zero_pi": Decay(
        "charged_b",
        B_PLUS_MASS,
        {"kaon": KAON_MASS, "pion": PION_MASS},
        ("pion_b", PION_MASS),
        ("charm_mass", D_ZERO_MASS),
        ("kaon.kaonID", "pion.pionID", "pion_b.pionID"),
    ),
    "d_pi": Decay(
        "neutral_b",
        B_ZERO_MASS,
        {"kaon": KAON_MASS, "pion_1": PION_MASS, "pion_2": PION_MASS},
        ("pion_b", PION_MASS),
        ("charm_mass", D_PLUS_MASS),
        ("kaon.kaonID", "pion_1.pionID", "pion_2.pionID", "pion_b.pionID"),
    ),
    "jpsi_k": Decay(
        "charged_b",
        B_PLUS_MASS,
        {"muon_plus": MUON_MASS, "muon_minus": MUON_MASS},
        ("kaon", KAON_MASS),
        ("jpsi_mass", JPSI_MASS),
        ("kaon.kaonID", "muon_plus.muonID", "muon_minus.muonID"),
    ),
}


@dataclass(frozen=True)
class Thresholds:
    """Where the cuts are. Lengths in cm, masses in GeV.

    Parameters
    ----------
    max_dr, max_dz
        Distance of each track to the interaction point [est].
    min_kaon_id, min_pion_id, min_muon_id
        Least likelihood ratio of each track for what it is taken for [est]. Pions beside a D are so fast
        that they are hardly told from kaons.
    charm_window, jpsi_window
        Half widths about the masses of D and J/ψ, some three standard deviations [est].
    mass_window
        Half width about the mass of the B: what lacks a pion or photon is further off, and a window in its
        energy would cut into what is measured [est].
    max_r2
        Largest ratio of Fox-Wolfram moments: qq events are longer [est].
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    max_dr: float = 0.5
    max_dz: float = 2.0
    min_kaon_id: float = 0.5
    min_pion_id: float = 0.1
    min_muon_id: float = 0.5
    charm_window: float = 0.015
    jpsi_window: float = 0.04
    mass_window: float = 0.045
    max_r2: float = 0.4


def cuts_of(region: str, at: Thresholds) -> tuple[Cut, ...]:
    """Return the cuts of a region at given thresholds.

    All candidates of an event are kept: those that are no decay of the kind lie under the peak.
    """
    decay = DECAYS[region]
    column, value = decay.inner_mass
    window = at.jpsi_window if column == "jpsi_mass" else at.charm_window
    near = tuple(f"{track}.{field}" for field in ("dr", "dz") for track in decay.tracks)
    limits = np.repeat([at.max_dr, at.max_dz], len(decay.tracks))[:, None]
    least = {"kaonID": at.min_kaon_id, "pionID": at.min_pion_id, "muonID": at.min_muon_id}
    ratios = np.array([least[name.rpartition(".")[2]] for name in decay.identified])[:, None]
    return (
        Cut(
            "identification",
            decay.identified,
            lambda *found: np.all(np.stack(found) > ratios, axis=0),
        ),
        Cut("from_interaction_point", near, lambda *d: np.all(np.abs(np.stack(d)) < limits, axis=0)),
        Cut("fox_wolfram_r2", ("fox_wolfram_r2",), lambda r2: r2 < at.max_r2),
        Cut(column, (column,), lambda m: np.abs(m - value) < window),
        Cut("b_mass", ("b_mass",), lambda m: np.abs(m - decay.mass) < at.mass_window),
    )


def kinematics(columns: Columns, beam: FourVector, decay: Decay) -> dict[str, Column]:
    r"""Return the masses of a decay, and the energy of its B in the CM.

    .. math:: E^*_B = \sqrt{m_B^2 + p_B^{*2}}

    with the PDG's mass: the momentum is small, so that its error hardly counts.

    Parameters
    ----------
    columns
        ``<track>.px .py .pz``, each of shape (n,), GeV, lab.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab. Only its direction of flight and
        velocity count, not its energy.

    Returns
    -------
    dict
        Shape (n,) each, GeV: ``b_energy``, ``b_mass``, and the mass of the D or J/ψ.
    """
    inner = _sum(columns, decay.inner)
    whole = inner.plus(_vector(columns, *decay.beside))
    in_cm = boost_to_rest_frame(whole, beam) if len(whole.px) else whole
    return {
        "b_energy": np.sqrt(decay.mass**2 + in_cm.px**2 + in_cm.py**2 + in_cm.pz**2),
        "b_mass": np.sqrt(np.maximum(whole.mass_squared(), 0.0)),
        decay.inner_mass[0]: np.sqrt(np.maximum(inner.mass_squared(), 0.0)),
    }


def shifts_of(decay: Decay) -> dict[str, Shift]:
    """Return the shifts of columns."""
    return {"momentum_scale": lambda columns, size: scale_momenta(columns, decay.tracks, size)}


def weight_shifts_of(decay: Decay, sqrt_s: float) -> dict[str, WeightShift]:
    """Return the shifts that weight events by what their collisions were.

    Parameters
    ----------
    sqrt_s
        The mean of all collisions of the sample, GeV, of which the spread is about.
    """

    def other(shape: LineShape, columns: Columns) -> Column:
        mass = columns["pair_mass"]
        factor: Column = shape.cross_section(decay.pair, mass) / UPSILON_4S.cross_section(decay.pair, mass)
        return factor

    def wider(columns: Columns, size: float) -> Column:
        distance = (columns["collision_energy"] - sqrt_s) / NOMINAL.sqrt_s_spread
        factor: Column = np.exp(distance**2 / 2 * (1 - (1 + size) ** -2)) / (1 + size)
        return factor

    return {
        "resonance_mass": lambda c, size: other(replace(UPSILON_4S, mass=UPSILON_4S.mass + size), c),
        "resonance_width": lambda c, size: other(replace(UPSILON_4S, width=UPSILON_4S.width + size), c),
        "barrier": lambda c, size: other(replace(UPSILON_4S, radius=UPSILON_4S.radius * (1 + size)), c),
        "beam_spread": wider,
    }


def _vector(columns: Columns, track: str, mass: float) -> FourVector:
    px, py, pz = (np.asarray(columns[f"{track}.{axis}"], dtype=np.float64) for axis in ("px", "py", "pz"))
    return FourVector.with_mass(px, py, pz, mass)


def _sum(columns: Columns, daughters: Mapping[str, float]) -> FourVector:
    first, *others = (_vector(columns, track, mass) for track, mass in daughters.items())
    for other in others:
        first = first.plus(other)
    return first
