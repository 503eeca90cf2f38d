"""Pairs μ+μ− and what is known of them: the ntuple of the invisible Z′ search, in basf2's variables."""

from __future__ import annotations

from dataclasses import dataclass

from darkbelle.beams import NOMINAL, Beams
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, DetectorParameters
from darkbelle.simulation.detector.records import Kind
from darkbelle.simulation.reconstruction import (
    Daughter,
    TrackCuts,
    charged_list,
    combine,
    truth_tree,
)
from darkbelle.simulation.reweighting import tau_mode_columns
from darkbelle.simulation.steering.columns import Columns, counters, track_columns
from darkbelle.simulation.steering.event_columns import event_columns
from darkbelle.simulation.steering.recoil_columns import opposite_photon_columns, recoil_columns

__all__ = ["DimuonList", "dimuon_candidates"]

ANY = 0  # the pair is no particle
IDENTIFIED: tuple[Kind, ...] = ("muon", "electron", "pion")


@dataclass(frozen=True)
class DimuonList:
    """Which pairs are written: both muons must pass. Loose, so that an analysis can vary its cuts.

    Parameters
    ----------
    momentum
        Least momentum, GeV.
    dr, dz
        Largest distances to the interaction point, cm.
    muon_id
        Least muonID. Well below the analysis' 0.5, it keeps what a control of misidentification
        needs, and leaves out most pairs of other particles.
    """

    momentum: float = 0.3
    dr: float = 2.0
    dz: float = 5.0
    muon_id: float = 0.1

    @property
    def tracks(self) -> TrackCuts:
        """What both tracks must pass."""
        return TrackCuts(self.dr, self.dz, self.momentum, self.muon_id)


def dimuon_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: DimuonList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each pair of accepted tracks of opposite charge, by basf2 variable.

    Parameters
    ----------
    detected
        Any number of events; event i gets the number ``first_event + i``.
    cuts
        Which pairs are written; a `DimuonList` by default.
    detector
        Says which photons are hard.
    beams
        The nominal ones, as basf2 takes them from its conditions database.

    Returns
    -------
    dict
        Arrays of shape (n_pairs,) by variable: counters of release 6 and later, kinematics in GeV and
        cm in the lab, float64 but for counts; at last the numbers of the true τ's decay modes,
        `darkbelle.simulation.reweighting.tau_mode_columns`. Rows stand in the order of events.
    """
    muons = charged_list(detected, "muon", (cuts or DimuonList()).tracks)
    pairs = combine(
        ANY, (Daughter(muons, 1), Daughter(muons, -1)), truth_tree(detected.generated), self_conjugate=True
    )
    event, pair = pairs.event, pairs.momenta
    return (
        counters(event, len(detected), first_event)
        | track_columns("mu_p", detected, pairs.daughter(0), IDENTIFIED)
        | track_columns("mu_m", detected, pairs.daughter(1), IDENTIFIED)
        | recoil_columns(pair, beams)
        | event_columns(detected, event, detector, beams)
        | opposite_photon_columns(detected, event, pair, detector, beams)
        | {name: modes[event] for name, modes in tau_mode_columns(detected.generated).items()}
    )
