from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.ntuple.names import escape
from darkbelle.simulation.detector import DetectedEvents, Photons, Tracks, TrueTracks
from darkbelle.simulation.detector.records import Helix
from darkbelle.simulation.events import Ancestors, GeneratedEvents
from darkbelle.simulation.reconstruction.track_errors import mc_errors
from darkbelle.simulation.steering import DimuonList, dimuon_candidates
from darkbelle.vectors import FourVector

Momentum = tuple[float, float, float]


def detected(
    events: list[list[tuple[int, Momentum]]], photons: list[list[tuple[float, float, float]]] | None = None
) -> DetectedEvents:
    """Return events of tracks (charge, momentum) that are perfect muons, and photons (E, θ, φ)."""
    rows = [row for event in events for row in event]
    size = len(rows)
    charge = np.array([row[0] for row in rows], dtype=np.int8)
    px, py, pz = (np.array([row[1][i] for row in rows], dtype=float) for i in range(3))
    codes = (-13 * charge).astype(np.int32)
    none = np.zeros(size, dtype=np.int32)
    truth = TrueTracks(np.arange(size), codes, none, codes, px, py, pz, np.zeros(size, dtype=np.bool_))
    near = np.full(size, 0.01)
    helix = Helix(near, np.arctan2(py, px), charge / near, near, pz / np.hypot(px, py))
    likelihoods = np.tile([0.01, 0.9, 0.01, 0.08, 0.0, 0.0], (size, 1))
    tracks = Tracks(
        offsets(events),
        px,
        py,
        pz,
        charge,
        helix,
        np.zeros((size, 5, 5)),
        likelihoods,
        cluster_energy=np.full(size, np.nan),
        cdc_hits=np.full(size, 56, dtype=np.int32),
        full=np.ones(size, dtype=np.bool_),
        truth=truth,
    )
    photons = photons or [[] for _ in events]
    flat = np.array([photon for event in photons for photon in event], dtype=float).reshape(-1, 3)
    energy, theta, phi = flat.T
    clusters = Photons(offsets(photons), energy, theta, phi, np.full(len(flat), -1))
    fired = np.ones(len(events), dtype=np.bool_)
    generated = muons_from_the_collision(
        offsets(events), codes, FourVector.with_mass(px, py, pz, 0.1056583755)
    )
    return DetectedEvents(tracks, clusters, {"ffo": fired, "cdcklm1": ~fired}, generated)


def muons_from_the_collision(
    starts: NDArray[np.int64], codes: NDArray[np.int32], momenta: FourVector
) -> GeneratedEvents:
    origin, none = np.zeros(len(codes)), np.full(len(codes), -1, dtype=np.int32)
    ancestors = Ancestors.none(len(starts) - 1)
    return GeneratedEvents("lab", starts, codes, *momenta, origin, origin, origin, origin, none, ancestors)


def offsets(events: list[Any]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum([len(event) for event in events])]).astype(np.int64)


PLUS, MINUS = (1, (1.0, 2.0, 3.0)), (-1, (-1.0, -2.0, 1.5))


def test_each_opposite_pair_of_an_event_is_a_row() -> None:
    rows = dimuon_candidates(
        detected([[PLUS], [PLUS, MINUS], [], [PLUS, MINUS, MINUS, PLUS], [MINUS, MINUS]]), first_event=100
    )
    assert rows["__event__"].tolist() == [101, 103, 103, 103, 103]
    assert rows["__candidate__"].tolist() == [0, 0, 1, 2, 3]
    assert rows["__ncandidates__"].tolist() == [1, 4, 4, 4, 4]
    assert rows["nTracks"].tolist() == [2, 4, 4, 4, 4]
    assert np.all(rows["mu_p_charge"] == 1)
    assert np.all(rows["mu_m_charge"] == -1)


def test_counters_have_the_types_of_release_6() -> None:
    rows = dimuon_candidates(detected([[PLUS, MINUS]]))
    types = {name: rows[name].dtype.name for name in rows if name.startswith("__")}
    assert types == {
        "__experiment__": "int32",
        "__run__": "int32",
        "__event__": "uint32",
        "__production__": "int32",
        "__candidate__": "int32",
        "__ncandidates__": "int32",
        "__weight__": "float32",
    }
    assert rows["__experiment__"][0] == 1003


def test_the_recoil_is_what_the_beams_have_left() -> None:
    rows = dimuon_candidates(detected([[PLUS, MINUS]]))
    mass = 0.1056583755
    energy = sum(np.sqrt(px**2 + py**2 + pz**2 + mass**2) for _, (px, py, pz) in (PLUS, MINUS))
    left = np.array([NOMINAL.px, NOMINAL.py, NOMINAL.pz - 4.5])
    expected = (NOMINAL.energy - energy) ** 2 - left @ left
    assert rows["m2Recoil"][0] == pytest.approx(expected, rel=1e-12)
    assert rows["pRecoil"][0] == pytest.approx(np.sqrt(left @ left))
    assert rows["pRecoilTheta"][0] == pytest.approx(np.arccos(left[2] / np.sqrt(left @ left)))
    assert rows["M"][0] == pytest.approx(np.sqrt(energy**2 - 4.5**2))


def test_photons_are_summed_and_counted() -> None:
    photons = [[(0.3, 1.0, 0.5), (0.08, 2.0, -2.0)], [(0.06, 1.0, 1.0)], []]
    rows = dimuon_candidates(detected([[PLUS, MINUS]] * 3, photons))
    assert rows["totalEnergyOfParticlesInList(gamma:all)"] == pytest.approx([0.38, 0.06, 0.0])
    assert rows["nParticlesInList(gamma:hard)"].tolist() == [1, 0, 0]


def test_the_angle_to_the_most_opposite_hard_photon_is_taken_in_the_cm() -> None:
    # photons along the recoil, and elsewhere: in the CM the recoil is opposite to the pair
    x, y, z = NOMINAL.px, NOMINAL.py, NOMINAL.pz - 4.5
    along = (1.0, float(np.arctan2(np.hypot(x, y), z)), float(np.arctan2(y, x)))
    rows = dimuon_candidates(detected([[PLUS, MINUS]] * 3, [[along, (0.5, 0.5, 0.0)], [(0.5, 0.5, 0.0)], []]))
    angle = rows["useCMSFrame(angleToMostB2BInList(gamma:hard))"]
    # a photon goes along the recoil in the lab; in the CM only a massless recoil keeps that direction, so
    # compare with an independent boost
    pair = _to_cm(np.array([0.0, 0.0, 4.5]), _pair_energy())
    for row, photon in ((0, along), (1, (0.5, 0.5, 0.0))):
        energy, theta, phi = photon
        direction = energy * np.array(
            [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]
        )
        gamma = _to_cm(direction, energy)
        cosine = pair @ gamma / np.sqrt((pair @ pair) * (gamma @ gamma))
        assert angle[row] == pytest.approx(np.arccos(cosine), abs=1e-9)
    assert np.isnan(angle[2])


def _pair_energy() -> float:
    return float(sum(np.sqrt(px**2 + py**2 + pz**2 + 0.1056583755**2) for _, (px, py, pz) in (PLUS, MINUS)))


def _to_cm(momentum: NDArray[np.float64], energy: float) -> NDArray[np.float64]:
    """Boost in the textbook's way, with velocity and γ."""
    beta = np.array([NOMINAL.px, NOMINAL.py, NOMINAL.pz]) / NOMINAL.energy
    gamma = 1 / np.sqrt(1 - beta @ beta)
    along: NDArray[np.float64] = momentum + beta * (
        (gamma - 1) * (beta @ momentum) / (beta @ beta) - gamma * energy
    )
    return along


@pytest.mark.parametrize(("quantity", "value"), [("muon_id", 0.05), ("d0", 2.5), ("z0", -6.0)])
def test_pairs_outside_the_list_are_not_written(quantity: str, value: float) -> None:
    events = detected([[PLUS, MINUS], [PLUS, MINUS]])
    helix = Helix(*(column.copy() for column in events.tracks.helix))
    likelihoods = events.tracks.likelihoods.copy()
    column = likelihoods[:, 1] if quantity == "muon_id" else getattr(helix, quantity)
    column[3] = value
    tighter = replace(events, tracks=replace(events.tracks, helix=helix, likelihoods=likelihoods))
    assert dimuon_candidates(tighter)["__event__"].tolist() == [0]


def test_the_list_can_be_looser() -> None:
    slow = (1, (0.1, 0.1, 0.1))
    assert len(dimuon_candidates(detected([[slow, MINUS]]))["M"]) == 0
    assert len(dimuon_candidates(detected([[slow, MINUS]]), cuts=DimuonList(momentum=0.0))["M"]) == 1


def test_no_pairs_give_no_rows_with_all_columns() -> None:
    empty, full = dimuon_candidates(detected([[PLUS]])), dimuon_candidates(detected([[PLUS, MINUS]]))
    assert {name: values.dtype for name, values in empty.items()} == {
        name: values.dtype for name, values in full.items()
    }
    assert all(len(values) == 0 for values in empty.values())


def test_every_name_is_one_branch() -> None:
    rows = dimuon_candidates(detected([[PLUS, MINUS]]))
    assert len({escape(name) for name in rows}) == len(rows)


@pytest.mark.parametrize(
    ("pdg", "primary", "secondary", "expected"),
    [
        (13, 13, False, 0),  # a muon
        (-211, -211, False, 128),  # a pion
        (13, -211, True, 0),  # the muon of a pion: correct, says basf2
        (-211, -211, True, 4 | 128),
        (11, 22, True, 4 | 128),  # of a converted photon
        (11, 13, True, 4),  # of the muon itself
        (-13, -13, False, 128),  # a wrong charge
    ],
)
def test_mc_errors_are_those_of_basf2(pdg: int, primary: int, expected: int, *, secondary: bool) -> None:
    one = np.ones(1)
    found, mother, generated = (np.array([code], dtype=np.int32) for code in (pdg, 0, primary))
    index = np.zeros(1, dtype=np.int64)
    truth = TrueTracks(index, found, mother, generated, one, one, one, np.array([secondary]))
    assert mc_errors(truth, 13).tolist() == [expected]


def test_truth_is_written_beside_the_tracks() -> None:
    events = detected([[PLUS, MINUS]])
    truth = replace(
        events.tracks.truth,
        pdg=np.array([211, 13], dtype=np.int32),
        primary_pdg=np.array([211, 13], dtype=np.int32),
        mother_pdg=np.array([-15, 0], dtype=np.int32),
    )
    rows = dimuon_candidates(replace(events, tracks=replace(events.tracks, truth=truth)))
    assert (rows["mu_p_mcPDG"][0], rows["mu_p_isSignal"][0], rows["mu_p_mcErrors"][0]) == (211, 0, 128)
    assert rows["mu_p_genMotherPDG"][0] == -15
    assert (rows["mu_m_isSignal"][0], rows["mu_m_mcErrors"][0]) == (1, 0)
    assert np.isnan(rows["mu_m_genMotherPDG"][0])
    assert [rows[f"mu_p_mcP{axis}"][0] for axis in "XYZ"] == [1.0, 2.0, 3.0]
