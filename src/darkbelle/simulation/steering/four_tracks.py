"""Four tracks of which two are muons: the ntuple of the search for a resonance of two τ.

One row for each pair μ+μ− of an event of exactly four tracks near the interaction point, of charge 0.
Columns, beside counters, `event_columns` with its triggers and beams, and `shape_columns`:

=======================  ========================================================================
prefix or variable       what
=======================  ========================================================================
``mu_p_`` ``mu_m_``      `track_columns` of the pair
``other_p_`` ``other_m_``  `track_columns` of the other two, taken for pions
``M`` ``m2Recoil`` …     `recoil_columns` of the pair
``M_other``              mass of the other two, GeV
``M_4tracks``            mass of all four, the pair taken for muons, GeV
``p_4tracks_CMS``        momentum of all four in the CM, GeV
``genTau…Mode``          number of the decay mode of the true τ of that charge, ``Minus`` and ``Plus``, see
                         `darkbelle.simulation.reweighting.tau_mode_columns`
=======================  ========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkbelle.beams import NOMINAL, Beams
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, DetectorParameters
from darkbelle.simulation.reconstruction import Daughter, TrackCuts, charged_list, combine, truth_tree
from darkbelle.simulation.reweighting import tau_mode_columns
from darkbelle.simulation.steering.columns import Columns, counters, track_columns
from darkbelle.simulation.steering.event_columns import event_columns, shape_columns, visible_of
from darkbelle.simulation.steering.recoil_columns import recoil_columns
from darkbelle.vectors import FourVector

__all__ = ["FourTrackList", "four_track_candidates"]

NO_PARTICLE = 0  # the pair and the four are none


@dataclass(frozen=True)
class FourTrackList:
    """Which pairs are written.

    Parameters
    ----------
    dr, dz
        Largest distances of the four tracks to the interaction point, cm. There may be other tracks.
    muon_id
        Least muonID of both tracks of the pair.
    """

    dr: float = 1.0
    dz: float = 3.0
    muon_id: float = 0.1


def four_track_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: FourTrackList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each pair μ+μ− of an event of four tracks, by basf2 variable.

    See the module for the columns, and `darkbelle.simulation.steering.dimuon.dimuon_candidates` for
    parameters and types.
    """
    cuts = cuts or FourTrackList()
    size = len(detected)
    pions = charged_list(detected, "pion", TrackCuts(cuts.dr, cuts.dz))
    four = np.bincount(pions.event, minlength=size) == 4
    four &= np.bincount(pions.event, weights=pions.sign, minlength=size) == 0
    pions = pions.select(four[pions.event])
    muons = charged_list(detected, "muon", TrackCuts(cuts.dr, cuts.dz, identification=cuts.muon_id))
    muons = muons.select(four[muons.event])
    found = combine(
        NO_PARTICLE,
        (Daughter(muons, 1), Daughter(muons, -1), Daughter(pions, 1), Daughter(pions, -1)),
        truth_tree(detected.generated),
        self_conjugate=True,
    )
    positive, negative, *others = (found.daughter(number) for number in range(4))
    pair = positive.momenta.plus(negative.momenta)
    other = others[0].momenta.plus(others[1].momenta)
    with_rows = np.zeros(size, dtype=np.bool_)
    with_rows[found.event] = True
    return (
        counters(found.event, size, first_event)
        | track_columns("mu_p", detected, positive)
        | track_columns("mu_m", detected, negative)
        | track_columns("other_p", detected, others[0])
        | track_columns("other_m", detected, others[1])
        | recoil_columns(pair, beams)
        | {"M_other": np.sqrt(other.mass_squared())}
        | _all_four(found.momenta, beams)
        | event_columns(detected, found.event, detector, beams)
        | shape_columns(visible_of(detected, with_rows, beams), found.event, beams)
        | {name: modes[found.event] for name, modes in tau_mode_columns(detected.generated).items()}
    )


def _all_four(momenta: FourVector, beams: Beams) -> Columns:
    in_cm = boost_to_rest_frame(momenta, beams.four_vector) if momenta.px.size else momenta
    return {
        "M_4tracks": np.sqrt(momenta.mass_squared()),
        "p_4tracks_CMS": np.sqrt(in_cm.px**2 + in_cm.py**2 + in_cm.pz**2),
    }
