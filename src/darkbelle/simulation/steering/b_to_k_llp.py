"""B → K S with a displaced S: B+ → K+ S and B0 → K*0(K+π−) S, S → ee, μμ, ππ, KK, all in one tree.

One row a candidate. Columns, beside counters, `event_columns` with its triggers and beams, and
`shape_columns`:

===========================  ====================================================================
prefix or variable           what
===========================  ====================================================================
``channel``                  1 to 4: K+ with ee, μμ, ππ, KK; 5 to 8: K*0 with the same
``B_``                       `candidate_columns`; ``B_Mbc`` and ``B_deltaE``, GeV
``LLP_``                     `candidate_columns` and `vertex_columns`
``LLP_p_`` ``LLP_m_``        `track_columns` of its daughters, momenta at the vertex, those of electrons with
                             their bremsstrahlung; ``…bremsCorrected``: whether there was any, as
                             basf2's ``extraInfo(bremsCorrected)``
``K_``                       `track_columns` of the kaon from the interaction point
``pi_``                      `track_columns` of the pion of the K*0, NaN in channels 1 to 4
``Kst_M``                    mass of the K*0, GeV, NaN in channels 1 to 4
``roe_nTracks``              tracks that are not in the candidate
``roe_photonEnergy``         sum of energies of photons that are not in it, GeV, lab
``genLLPProperLength``       true proper decay length of the event's S, cm, NaN without one: for
                             `darkbelle.simulation.reweighting.lifetime_weights`
``genLLPMass``               its true mass, GeV: of B → K S, q² is its square
===========================  ====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkbelle.beams import NOMINAL, Beams
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, DetectorParameters
from darkbelle.simulation.detector.records import Kind
from darkbelle.simulation.events import SCALAR
from darkbelle.simulation.reconstruction import (
    BremsstrahlungCuts,
    Daughter,
    ParticleList,
    TrackCuts,
    TruthTree,
    VertexedList,
    charged_list,
    combine,
    fitted_pairs,
    pairs_as,
    truth_tree,
    with_bremsstrahlung,
)
from darkbelle.simulation.reconstruction.displaced import vertices_at
from darkbelle.simulation.reweighting import proper_lengths, true_masses
from darkbelle.simulation.steering.columns import Columns, candidate_columns, counters, track_columns
from darkbelle.simulation.steering.event_columns import event_columns, shape_columns, visible_of
from darkbelle.simulation.steering.vertex_columns import vertex_columns
from darkbelle.vectors import Column

__all__ = ["CHANNELS", "DisplacedList", "b_to_k_llp_candidates"]

FINAL_STATES: Final[tuple[Kind, ...]] = ("electron", "muon", "pion", "kaon")
# channel: whether with a K*0, and what S decays into
CHANNELS: Final[dict[int, tuple[bool, Kind]]] = {
    1 + i: (i >= len(FINAL_STATES), FINAL_STATES[i % len(FINAL_STATES)]) for i in range(2 * len(FINAL_STATES))
}


@dataclass(frozen=True)
class DisplacedList:
    """Which candidates are written.

    Parameters
    ----------
    vertex_dr
        Least transverse distance of the vertex to the interaction point, cm.
    kaon_dr, kaon_dz
        Largest distances of the K, and of the pion of a K*0, to it, cm.
    identification
        Least likelihood ratio of the K and of both daughters of S, each of its own hypothesis.
    excited_mass
        Window of M(Kπ) for a K*0, GeV.
    least_mbc, most_delta_e
        GeV; a wide sideband of both.
    brems_angle
        Photons within this angle to an electron of S are added to it, rad, as of `BremsstrahlungCuts`; 0
        adds none.
    """

    vertex_dr: float = 0.05
    kaon_dr: float = 0.5
    kaon_dz: float = 3.0
    identification: float = 0.1
    excited_mass: tuple[float, float] = (0.792, 0.992)
    least_mbc: float = 5.2
    most_delta_e: float = 0.3
    brems_angle: float = 0.05


def b_to_k_llp_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: DisplacedList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each candidate of the eight channels, by basf2 variable.

    Every pair of tracks of opposite charge is fitted to a vertex, and those of a displaced one taken
    for each of the four final states that identification allows. See the module for the columns, and
    `darkbelle.simulation.steering.dimuon.dimuon_candidates` for parameters and types.
    """
    cuts = cuts or DisplacedList()
    truth = truth_tree(detected.generated)
    every = np.ones(len(detected.tracks), dtype=np.bool_)
    pairs = fitted_pairs(detected, every, detector.drift_chamber.magnetic_field)
    pairs = pairs.select(np.hypot(pairs.vertices.x, pairs.vertices.y) > cuts.vertex_dr)
    singles, excited = _kaons(detected, truth, cuts)
    parts = []
    for channel, (with_excited, kind) in CHANNELS.items():
        displaced = pairs_as(SCALAR, kind, pairs, detected, truth, identification=cuts.identification)
        radiated = np.zeros((len(displaced.particles), 2))
        if kind == "electron":
            displaced, radiated = with_bremsstrahlung(
                displaced, detected, detector.calorimeter, BremsstrahlungCuts(cuts.brems_angle)
            )
        kaon = Daughter(excited if with_excited else singles, 1)
        found = combine(511 if with_excited else 521, (kaon, Daughter(displaced.particles, 0)), truth)
        parts.append(_channel_rows(channel, found, (displaced, radiated), detected, cuts, beams))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["event"], kind="stable")
    event = joined.pop("event")[order]
    with_rows = np.zeros(len(detected), dtype=np.bool_)
    with_rows[event] = True
    return (
        counters(event, len(detected), first_event)
        | {name: column[order] for name, column in joined.items()}
        | event_columns(detected, event, detector, beams)
        | shape_columns(visible_of(detected, with_rows, beams), event, beams)
        | {"genLLPProperLength": proper_lengths(detected.generated, SCALAR)[event]}
        | {"genLLPMass": true_masses(detected.generated, SCALAR)[event]}
    )


def _kaons(
    detected: DetectedEvents, truth: TruthTree, cuts: DisplacedList
) -> tuple[ParticleList, ParticleList]:
    """Return the K+ and the K*0 from the interaction point."""
    near = TrackCuts(cuts.kaon_dr, cuts.kaon_dz)
    kaons = charged_list(
        detected, "kaon", TrackCuts(cuts.kaon_dr, cuts.kaon_dz, identification=cuts.identification)
    )
    pions = charged_list(detected, "pion", near)
    excited = combine(313, (Daughter(kaons, 1), Daughter(pions, -1)), truth, mass=cuts.excited_mass)
    return kaons, excited


def _channel_rows(
    channel: int,
    found: ParticleList,
    displaced: tuple[VertexedList, Column],
    detected: DetectedEvents,
    cuts: DisplacedList,
    beams: Beams,
) -> Columns:
    """Return the rows of one channel, without what concerns the whole event, but with its index.

    ``displaced`` has all S, and the energies of the photons added to their daughters.
    """
    in_cm = boost_to_rest_frame(found.momenta, beams.four_vector) if len(found) else found.momenta
    squared = in_cm.px**2 + in_cm.py**2 + in_cm.pz**2
    mbc = np.sqrt(np.maximum(beams.sqrt_s**2 / 4 - squared, 0.0))
    delta_e = in_cm.energy - beams.sqrt_s / 2
    kept = (mbc > cuts.least_mbc) & (np.abs(delta_e) < cuts.most_delta_e)
    found = found.select(kept)
    of_llp = found.daughters[1][1]
    vertices, radiated = vertices_at(displaced[0].vertices, of_llp), displaced[1][of_llp]
    llp, strange = found.daughter(1), found.daughter(0)
    has_pion = CHANNELS[channel][0]
    kaon = strange.daughter(0) if has_pion else strange
    pion = track_columns("pi", detected, strange.daughter(1) if has_pion else strange)
    excited_mass = np.sqrt(strange.momenta.mass_squared())
    photon_energy = np.bincount(
        detected.photons.event, weights=detected.photons.energy, minlength=len(detected)
    )
    index: Columns = {"event": found.event, "channel": np.full(len(found), channel, dtype=np.int32)}
    return (
        index
        | candidate_columns("B", found, detected, beams)
        | {"B_Mbc": mbc[kept], "B_deltaE": delta_e[kept]}
        | candidate_columns("LLP", llp, detected, beams)
        | vertex_columns("LLP", vertices, llp.momenta)
        | track_columns("LLP_p", detected, llp.daughter(0))
        | track_columns("LLP_m", detected, llp.daughter(1))
        | {
            f"LLP_{sign}_bremsCorrected": (radiated[:, number] > 0).astype(np.float64)
            for number, sign in enumerate("pm")
        }
        | track_columns("K", detected, kaon)
        | (pion if has_pion else {name: np.full(len(found), np.nan) for name in pion})
        | {
            "Kst_M": excited_mass if has_pion else np.full(len(found), np.nan),
            "roe_nTracks": (detected.tracks.multiplicity[found.event] - found.tracks.shape[1]).astype(
                np.int32
            ),
            "roe_photonEnergy": photon_energy[found.event] - radiated.sum(axis=1),
        }
    )
