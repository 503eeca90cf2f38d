from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from darkbelle.beams import NOMINAL
from darkbelle.channels import load_channel
from darkbelle.errors import ConfigurationError
from darkbelle.selections.cuts import evaluate
from darkbelle.selections.zprime_invisible import Thresholds, kinematics, signal_region
from darkbelle.simulation.acceptance import MuonPairFilter
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import NOMINAL_DETECTOR, detect
from darkbelle.simulation.generators import EventGenerator, generator_names
from darkbelle.simulation.generators.eemumu import TwoPhotonMuonPair
from darkbelle.simulation.generators.mumu import MuonPair
from darkbelle.simulation.generators.tautau import TauPair
from darkbelle.simulation.samples import SIZES, catalogue, catalogue_names, cost_of, make_samples
from darkbelle.simulation.samples.catalogue import Catalogue, Size, read_catalogue
from darkbelle.simulation.steering import dimuon_candidates, steering_names

CHANNEL = "zprime_invisible"
FIELDS = ("px", "py", "pz", "charge", "dr", "dz", "muonID")


@pytest.mark.parametrize("size", SIZES)
def test_the_catalogue_has_every_process_and_every_mass(size: str) -> None:
    requests = catalogue(CHANNEL, size, seed=1)  # type: ignore[arg-type]  # parametrised
    channel = load_channel(CHANNEL)
    masses = [request.options["mass"] for request in requests if request.process == channel.signal]
    assert masses == list(channel.masses)
    assert {request.process for request in requests} == set(channel.processes)
    assert {request.process for request in requests} <= set(generator_names())


def test_larger_sizes_have_more_events() -> None:
    small, demo, full = (sum(request.events for request in catalogue(CHANNEL, size, 1)) for size in SIZES)
    assert small < demo < full


def test_each_sample_has_a_seed_of_its_own_that_follows_the_seed_given() -> None:
    first, again, other = (catalogue(CHANNEL, "small", seed) for seed in (1, 1, 2))
    assert first == again
    seeds = [request.seed for request in first + other]
    assert len(set(seeds)) == len(seeds)


def test_unknown_sizes_and_channels_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="small, demo, full"):
        catalogue(CHANNEL, "huge", 1)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(
        ConfigurationError, match="there is no catalogue of samples 'nothing', there are: b_to_k_llp"
    ):
        catalogue("nothing", "small", 1)


def test_the_filter_is_wider_than_the_selection_by_more_than_the_resolution() -> None:
    # samples made with this filter would silently lack background for a looser selection
    asked, at = read_catalogue(CHANNEL).pair_filter, Thresholds()
    assert asked is not None
    assert CHANNEL in asked.purpose
    first, last = asked.theta
    assert first <= at.muon_theta[0] - 0.5  # degrees; tracks are good to 0.1°
    assert last >= at.muon_theta[1] + 0.5
    # a track of 3 GeV, most here are softer, is good to 13 MeV
    assert asked.min_pair_transverse < at.min_pt_pair - 0.045
    least = min(at.min_recoil_transverse_to_fast_muon, at.min_recoil_transverse_to_slow_muon)
    assert asked.min_recoil_transverse < least - 0.035
    assert asked.min_transverse <= NOMINAL_DETECTOR.muon_identification.barrel_momentum - 0.1


def test_backgrounds_carry_the_filter_in_their_options() -> None:
    requests = catalogue(CHANNEL, "small", 1)
    filtered = {request.process for request in requests if "pair_filter" in request.options}
    assert filtered == {"mumu", "tautau", "eemumu"}
    purposes = [r.options["pair_filter"]["purpose"] for r in requests if "pair_filter" in r.options]
    assert set(purposes) == {"signal region of zprime_invisible"}


def test_filtered_samples_need_a_filter() -> None:
    entry = {"process": "mumu", "filtered": True, "block": 10, "events": {"small": 1}}
    with pytest.raises(ValidationError, match="needs a pair_filter"):
        Catalogue.model_validate({"samples": [entry]})


WIDE = MuonPairFilter(
    purpose="test",
    theta=(25.0, 145.0),
    min_transverse=0.2,
    min_pair_transverse=0.5,
    min_recoil_transverse=0.3,
)


@pytest.mark.parametrize(
    ("made", "events"),
    [
        (TauPair(("mu", "mu")), 20_000),
        (TauPair(("mu", "pi"), pair_filter=WIDE), 12_000),
        (TwoPhotonMuonPair(pair_filter=WIDE), 10_000),
        (MuonPair(min_photon_pt=0.3), 40_000),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_the_selection_keeps_passes_the_filter(made: EventGenerator, events: int) -> None:
    asked = read_catalogue(CHANNEL).pair_filter
    assert asked is not None
    streams = [np.random.default_rng(seed) for seed in range(3)]
    generated = made.generate(events, streams[0]).events
    rows = dimuon_candidates(detect(place_in_lab(generated, NOMINAL, streams[1]), streams[2]))
    kept = rows["__event__"][_selected(rows)]
    lost = np.sum(~asked.passing(generated)[kept])
    assert len(kept) > 100
    # no more than half a percent: with so few, two standard deviations on top may be chance
    allowed = 0.005 * len(kept)
    assert lost <= allowed + 2.0 * math.sqrt(allowed)


def _selected(rows: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    channel = load_channel(CHANNEL)
    columns = {name: rows[variable].astype(np.float64) for name, variable in channel.columns.items()}
    for particle, prefix in channel.particles.items():
        columns |= {f"{particle}.{f}": rows[f"{prefix}_{f}"] for f in FIELDS}
    columns["is_best_candidate"] = rows["__candidate__"] == 0
    columns |= kinematics(columns, NOMINAL.four_vector)
    region = signal_region(Thresholds())
    # what the filter is about; others, such as the photon veto, leave too few events for a test
    cuts = (
        region.two_tracks,
        region.muon_id,
        region.muons_in_klm,
        region.pt_pair,
        region.recoil_transverse_to_fast_muon,
        region.recoil_transverse_to_slow_muon,
    )
    return evaluate(cuts, columns).selected


@pytest.mark.parametrize("name", catalogue_names())
@pytest.mark.parametrize("size", SIZES)
def test_every_catalogue_asks_for_what_there_is(name: str, size: Size) -> None:
    requests = catalogue(name, size, seed=1)
    generators = [request.generator for request in requests]  # fails for an option that is not known
    names = [made.name for made in generators]
    assert len(set(names)) == len(names)
    assert {request.process for request in requests} <= set(generator_names())
    assert {request.steering for request in requests} <= set(steering_names())


def test_a_catalogue_and_an_entry_of_it_name_their_steering() -> None:
    assert {request.steering for request in catalogue("tau_to_lalpha", "small", 1)} == {"tau_3x1"}
    made = {request.generator.name: request.steering for request in catalogue("momentum_scale", "small", 1)}
    assert made["ccbar_d_star"] == "d_star"
    assert made["ssbar"] == "k_short"
    assert {request.steering for request in catalogue(CHANNEL, "small", 1)} == {"dimuon"}


def test_a_catalogue_has_a_detector_that_can_be_changed_for_the_same_events() -> None:
    first, other = (
        catalogue("momentum_scale", "small", 1, detector)
        for detector in (None, {"momentum_scale": {"strength": 0}})
    )
    assert {request.detector["momentum_scale"]["strength"] for request in first} == {-2.5}
    assert {request.detector["momentum_scale"]["strength"] for request in other} == {0}
    assert [request.seed for request in first] == [request.seed for request in other]


def test_samples_of_a_channel_with_regions_name_those_it_has() -> None:
    regions = {request.region for request in catalogue("momentum_scale", "small", 1)}
    assert regions == set(load_channel("momentum_scale").regions)


def test_an_entry_may_list_masses_of_its_own() -> None:
    requests = [r.options for r in catalogue("b_to_k_llp", "small", 1)]
    kaons = [o["mass"] for o in requests if (o.get("kaon"), o.get("final_state")) == ("K*0", "KK")]
    assert kaons == [1.1, 1.5, 2.0, 3.0, 4.0]


def test_both_leptons_have_signal_at_all_masses_of_the_channel() -> None:
    requests = [r.options for r in catalogue("tau_to_lalpha", "small", 1)]
    for lepton in ("e", "mu"):
        masses = tuple(o["mass"] for o in requests if o.get("lepton") == lepton)
        assert masses == load_channel("tau_to_lalpha").masses


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue_names())
def test_a_block_of_each_process_can_be_made(name: str, tmp_path: Path) -> None:
    seen = set()
    for request in catalogue(name, "small", seed=3):
        kind = (request.process, request.options.get("kaon"), request.options.get("charm"))
        if kind in seen or "pair_filter" in request.options:
            continue
        seen.add(kind)
        few = replace(request, events=15, block=15)
        dataset = make_samples([few], tmp_path)[few.name]
        assert dataset.origin["steering"] == request.steering
        assert dataset.cross_section_fb is not None
        assert dataset.cross_section_fb > 0
        tried = dataset.generated_events
        assert tried is not None
        assert tried > 15 if "pseudomass" in request.options else tried == 15


def test_costs_are_measured() -> None:
    request = next(r for r in catalogue("tau_to_lalpha", "small", 1) if r.process == "tautau")
    cost = cost_of(request, events=60)
    made = request.generator
    assert cost.cross_section_fb == pytest.approx(made.cross_section_fb * made.branching_fraction)
    assert cost.events_per_second > 0
    assert 0 < cost.rows_per_event <= 1
    assert cost.bytes_per_event > 8
    assert cost.made_by.startswith("e+e− → τ+τ−")
