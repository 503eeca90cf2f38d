"""Limits on τ → ℓα, on spectra drawn from simple shapes: there the answers are known."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import hist
import numpy as np
import pytest
from click.testing import CliRunner
from tests.fitting.conftest import write_run

from darkbelle.channels import load_channel
from darkbelle.constants import TAU_MASS
from darkbelle.datasets import Dataset
from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting.closure import compute_closure, read_closure
from darkbelle.fitting.engines import Failure
from darkbelle.fitting.further_limits import Case, read_further_limits, without_simulation_statistics
from darkbelle.fitting.lfv import TAU_WIDTH, decay_scale, flavour_couplings, width_to_lepton
from darkbelle.fitting.limit_results import Limits, read_limits
from darkbelle.fitting.page import Section
from darkbelle.fitting.plots.closure import plot_closure
from darkbelle.fitting.plots.cutflow import flows, plot_cutflow
from darkbelle.fitting.plots.style import styled
from darkbelle.fitting.resolution import median
from darkbelle.fitting.run_limits import compute_limits
from darkbelle.fitting.run_pulls import compute_pulls, read_pulls
from darkbelle.fitting.signals import with_masses
from darkbelle.fitting.solving import limits as limits_of
from darkbelle.fitting.studies.coverage import coverage_study
from darkbelle.fitting.studies.injection import compute_injection, read_injection
from darkbelle.fitting.tau_to_lalpha import TauToLeptonAlpha
from darkbelle.fitting.templates import FitInputs, Place, all_fit_inputs, fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace
from darkbelle.jobs.cli import main
from darkbelle.results import ChunkOutput, Cutflow, HistogramKey
from darkbelle.runfolder import DatasetResult, RunResult, read_json

CHANNEL = load_channel("tau_to_lalpha")
GENERATED = 40_000
EFFICIENCY = 0.2
MASSES = (0.5, 1.2, 1.6)
LEPTONS = {"e": 0.1782, "mu": 0.1739}
PAIRS, TAG = 919e3, 0.3  # cross section of ττ in fb, and twice the branching fraction of the tag


def line(mass: float) -> float:
    return 1 - (mass / TAU_MASS) ** 2


def drawn(lepton: str, mass: float | None, rng: np.random.Generator) -> ChunkOutput:
    """A fifth of the events pass; the peak is as wide as 0.15, the spectrum with two neutrinos wider."""
    size = int(EFFICIENCY * GENERATED)
    x = rng.normal(0.7, 0.3, size) if mass is None else rng.normal(line(mass), 0.15, size)
    region, axis = f"sr_{lepton}", CHANNEL.axes["x_lepton"]
    regular = hist.axis.Regular(axis.bins, axis.start, axis.stop, name="x_lepton")
    empty = hist.Hist(regular, storage=hist.storage.Weight())
    histograms = {}
    for other in ("sr_e", "sr_mu"):
        for variation in ("nominal", *(f"{n}_{way}" for n in CHANNEL.shifts for way in ("up", "down"))):
            moved = x * {"momentum_scale_up": 1.001, "momentum_scale_down": 0.999}.get(variation, 1.0)
            histogram = empty.copy()
            histograms[HistogramKey(other, "x_lepton", variation)] = (
                histogram.fill(moved) if other == region else histogram
            )
    return ChunkOutput(rows=GENERATED, events=GENERATED, histograms=histograms)


def dataset(lepton: str, mass: float | None, rng: np.random.Generator) -> DatasetResult:
    metadata = Dataset(
        process="tautau" if mass is None else "tau_to_lalpha",
        files=("x.root",),
        cross_section_fb=PAIRS / 100,  # so that there are not many fewer simulated events than expected ones
        branching_fraction=TAG * LEPTONS[lepton] if mass is None else TAG,
        generated_events=GENERATED,
        mass=mass,
        final_state=None if mass is None else lepton,
    )
    return DatasetResult(metadata, GENERATED, GENERATED, 0, drawn(lepton, mass, rng))


@pytest.fixture(scope="module")
def result() -> RunResult:
    rng = np.random.default_rng(12)
    datasets = {f"{name}_{mass}": dataset(name, mass, rng) for name in LEPTONS for mass in (None, *MASSES)}
    return RunResult("tau_to_lalpha", {}, datasets)


@pytest.fixture(scope="module")
def run(result: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_run(result, tmp_path_factory.mktemp("runs") / "lalpha")
    TauToLeptonAlpha().finish(folder, seed=1, workers=1, progress=None)
    return folder


@pytest.fixture
def own_run(run: Path, tmp_path: Path) -> Path:
    """A copy for what writes into it."""
    return Path(shutil.copytree(run, tmp_path / "run"))


@pytest.fixture(scope="module")
def limits(run: Path) -> Limits:
    return read_limits(run)


@pytest.fixture(scope="module")
def electrons(result: RunResult) -> FitInputs:
    return fit_inputs(result, "asimov", final_state="e")


def fitted(workspace: Mapping[str, Any]) -> float:
    (answer,) = limits_of([workspace])
    assert not isinstance(answer.outcome, Failure), answer.outcome
    return answer.outcome.best_fit


def with_data(inputs: FitInputs, mass: float, ratio: float, scale: float = 1.0) -> dict[str, Any]:
    """The workspace of a mass, fitted to its expectation with a ratio of signal, all of it scaled."""
    templates = mass_templates(inputs, mass)
    background = sum(item.values for item in templates.backgrounds.values())
    observed = scale * (background + ratio * templates.signal.values)
    return build_workspace(inputs, replace(templates, observed=observed))


def test_each_lepton_has_its_own_region_signals_and_pseudo_data(result: RunResult) -> None:
    electron, muon = all_fit_inputs(result, seed=4)
    assert (electron.region, muon.region) == ("sr_e", "sr_mu")
    assert list(electron.signals) == list(muon.signals) == list(MASSES)
    assert electron.observed.shape == (CHANNEL.axes["x_lepton"].bins, 1)
    # draws of one seed for both would go up and down together
    one, other = (
        (item.observed - item.backgrounds["tautau"].nominal.values)[20:120, 0] for item in (electron, muon)
    )
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.35


def test_a_final_state_must_be_named(result: RunResult) -> None:
    with pytest.raises(ConfigurationError, match="name one of e, mu"):
        fit_inputs(result)


@pytest.mark.parametrize("lepton", LEPTONS)
def test_a_ratio_of_one_is_as_many_decays_as_with_neutrinos(result: RunResult, lepton: str) -> None:
    inputs = fit_inputs(result, "asimov", final_state=lepton)
    produced = CHANNEL.luminosity_fb * PAIRS / 100 * TAG * LEPTONS[lepton]
    templates = mass_templates(inputs, 1.2)
    assert inputs.signals[1.2].produced == pytest.approx(produced)
    both = CHANNEL.luminosity_fb * PAIRS / 100 * TAG * sum(LEPTONS.values())
    assert inputs.backgrounds["tautau"].produced == pytest.approx(both)
    assert templates.signal.values.sum() == pytest.approx(EFFICIENCY * produced, rel=0.01)
    assert templates.signal_efficiency == pytest.approx(EFFICIENCY, rel=0.01)
    assert templates.resolution == pytest.approx(0.15, rel=0.05)


@pytest.mark.parametrize("mass", MASSES)
@pytest.mark.parametrize("ratio", [0.0, 0.02, 0.1])
def test_an_injected_ratio_is_found(electrons: FitInputs, mass: float, ratio: float) -> None:
    assert fitted(with_data(electrons, mass, ratio)) == pytest.approx(ratio, abs=2e-5)


def test_the_ratio_does_not_depend_on_how_many_taus_there_are(electrons: FitInputs) -> None:
    assert fitted(with_data(electrons, 1.2, 0.05, scale=1.3)) == pytest.approx(0.05, rel=2e-3)


def test_the_common_normalisation_acts_on_signal_and_background(electrons: FitInputs) -> None:
    workspace = build_workspace(electrons, mass_templates(electrons, 1.2))
    (channel,) = workspace["channels"]
    factors = {
        sample["name"]: {item["name"] for item in sample["modifiers"] if item["type"] == "normfactor"}
        for sample in channel["samples"]
    }
    poi = "branching_fraction_ratio"
    assert channel["name"] == "sr_e"
    assert factors == {"tau_to_lalpha": {poi, "tautau_yield"}, "tautau": {"tautau_yield"}}
    assert workspace["measurements"][0]["config"]["poi"] == poi


def test_every_lepton_and_mass_has_ordered_limits(limits: Limits) -> None:
    assert [point.place for point in limits.points] == [Place(m, s) for s in LEPTONS for m in MASSES]
    assert limits.failed == {}
    for point in limits.points:
        assert 0 < point.expected[0] < point.expected[2] < point.expected[4]
    assert [point.mass for point in limits.of("mu").points] == list(MASSES)
    assert Limits.from_json(limits.as_json()) == limits


def test_the_file_names_the_final_state(run: Path) -> None:
    points = read_json(run / "limits.json")["points"]
    assert [(item["final_state"], item["mass"]) for item in points] == [
        (s, m) for s in LEPTONS for m in MASSES
    ]
    files = {item["file"] for item in read_json(run / "workspaces" / "index.json")["points"]}
    assert len(files) == 6
    assert {file.name for file in (run / "workspaces").glob("*_mass_*.json")} == files


def test_another_confidence_level_is_weaker(run: Path, tmp_path: Path, limits: Limits) -> None:
    for name in ("result.json", "histograms.json", "cutflow.json"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    at90 = compute_limits(tmp_path, confidence_level=0.90, masses=[1.2])
    for point in at90.points:
        (at95,) = (p for p in limits.points if p.place == point.place)
        assert point.expected[2] < at95.expected[2]


def test_simulation_without_end_gives_stronger_limits(electrons: FitInputs) -> None:
    workspace = build_workspace(electrons, mass_templates(electrons, 1.2))
    pair = [workspace, without_simulation_statistics(workspace)]
    limited, unlimited = (item.outcome for item in limits_of(pair))
    assert not isinstance(limited, Failure)
    assert not isinstance(unlimited, Failure)
    assert unlimited.expected[2] < limited.expected[2]


def test_further_limits_are_weaker_at_a_higher_level_and_with_few_simulated_events(
    run: Path, limits: Limits
) -> None:
    found = read_further_limits(run)
    for point in limits.points:
        medians = {case: found[case][point.place].expected[2] for case in found}
        assert medians[Case(0.90)] < point.expected[2]
        assert medians[Case(0.95, endless_simulation=True)] < point.expected[2]
        # they are of the same data
        assert found[Case(0.90)][point.place].observed < point.observed


def test_a_signal_between_two_masses_stands_where_the_line_is(electrons: FitInputs) -> None:
    found = with_masses(electrons, [1.4])
    peak = found.signals[1.4].nominal.values.sum(axis=1)
    assert found.between[1.4] == (1.2, 1.6)
    assert median(peak, electrons.axis.edges) == pytest.approx(line(1.4), abs=0.02)
    assert mass_templates(found, 1.4).resolution == pytest.approx(0.15, rel=0.06)
    # the peak of 1.6 GeV leaves the axis at 0 with a tenth of its events
    assert mass_templates(found, 1.4).signal_efficiency == pytest.approx(EFFICIENCY, rel=0.05)
    # nothing that was simulated changes, and a shift keeps its relative size
    assert found.signals[1.2] is electrons.signals[1.2]
    up, down = found.signals[1.4].shifts["momentum_scale"]
    edges = electrons.axis.edges
    moved = median(up.values.sum(axis=1), edges) - median(down.values.sum(axis=1), edges)
    assert moved == pytest.approx(0.002 * line(1.4), rel=0.5)


def test_each_lepton_has_a_closure_of_its_own(own_run: Path) -> None:
    closure = compute_closure(own_run)
    assert [item.place for item in closure.predictions if item.method == "morphed"] == [
        Place(1.2, "e"),
        Place(1.2, "mu"),
    ]
    for item in closure.of("morphed"):
        assert item.limit is not None
        assert item.efficiency is not None
        assert abs(item.efficiency) < 0.1  # at 1.6 GeV a tenth leaves the axis
        # between the lines of 0.5 and 1.6 GeV
        assert item.gap == pytest.approx((line(0.5) - line(1.6)) / 0.15, rel=0.1)
    assert read_closure(own_run) == closure
    panels = plot_closure(closure).axes
    legend = panels[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["e", "mu"]


def test_nuisances_are_fitted_for_each_lepton_or_the_one_named(own_run: Path) -> None:
    assert set(compute_pulls(own_run, signal=0.05).points) == {Place(1.2, "e"), Place(1.2, "mu")}
    found = compute_pulls(own_run, masses=[0.5], final_state="mu", signal=0.05)
    assert set(found.points) == {Place(0.5, "mu")}
    assert read_pulls(own_run) == found
    assert found.points[Place(0.5, "mu")].best_fit == pytest.approx(0.05, rel=1e-3)
    result = CliRunner().invoke(main, ["pulls", str(own_run), "--mass", "1.6", "--signal", "0.05"])
    assert result.exit_code == 0, result.output
    assert "e, 1.6 GeV" in result.stdout
    assert {path.name for path in (own_run / "pulls").iterdir()} == {
        f"{state}_mass_01.6000_{what}.png" for state in LEPTONS for what in ("pulls", "correlations")
    }


def test_signals_put_in_are_found_for_each_lepton(own_run: Path, limits: Limits) -> None:
    found = compute_injection(own_run, masses=[0.5, 1.6], toys=100)
    assert [item.place for item in found.points] == [Place(m, s) for s in LEPTONS for m in (0.5, 1.6)]
    medians = {point.place: point.expected[2] for point in limits.points}
    for item in found.points:
        assert item.strength == pytest.approx(2 * medians[item.place], rel=0.1)  # of pseudo-data there
        assert item.found == pytest.approx(item.strength, rel=2e-3)
        assert abs(item.mean - item.strength) < 4 * item.mean_error
    assert read_injection(own_run) == found
    with pytest.raises(FitError, match=r"no signal could be put in: e, 1 GeV: there is no signal of 1 GeV"):
        compute_injection(own_run, masses=[1.0], final_state="e", toys=5)
    with pytest.raises(ConfigurationError, match="must be positive, got -1 times"):
        compute_injection(own_run, times=-1)


def test_the_page_has_limits_couplings_and_spectra_of_both(run: Path) -> None:
    with styled():
        sections = list(TauToLeptonAlpha().sections(run))
    titles = [section.title for section in sections]
    assert "Branching fractions and couplings" in titles
    for lepton in ("τ → e α", "τ → μ α"):
        assert sum(title.startswith(lepton) for title in titles) >= 2
    assert {d.name for s in sections for d in s.drawings} >= {
        "limit_ratio_e",
        "limit_ratio_mu",
        "limit_scale",
    }
    assert all("PSEUDO-DATA" in section.text for section in _of_limits(sections))


def test_the_cutflow_of_a_signal_is_for_a_ratio() -> None:
    rng = np.random.default_rng(3)
    cutflow = Cutflow(
        ("all",), np.array([400, 100]), np.array([400.0, 100.0]), np.array([400]), np.array([400.0])
    )
    item = dataset("e", 1.2, rng)
    item = replace(item, output=replace(item.output, cutflows={"sr_e": cutflow}))
    cuts, (flow,) = flows(RunResult("tau_to_lalpha", {}, {"signal": item}), CHANNEL, 62.8, "sr_e")
    assert cuts == ("all",)
    assert flow.efficiency.tolist() == [400 / GENERATED, 100 / GENERATED]
    expected = 0.01 * LEPTONS["e"] * 62.8 * PAIRS / 100 * TAG  # decays at a ratio of 0.01
    assert flow.events == pytest.approx(expected * 100 / GENERATED)
    label = plot_cutflow(cuts, [flow], 62.8).axes[0].get_legend_handles_labels()[1][0]
    assert label.endswith("events at a ratio of 0.01")


def _of_limits(sections: list[Section]) -> list[Section]:
    return [section for section in sections if "upper limits" in section.title]


def test_couplings_follow_from_the_ratio(run: Path, limits: Limits) -> None:
    for found, point in zip(flavour_couplings(run), limits.points, strict=True):
        assert found.observed == pytest.approx(point.observed * LEPTONS[found.final_state])
        width = width_to_lepton(found.mass, found.expected_scale[2])
        assert width / TAU_WIDTH == pytest.approx(found.expected[2])
        assert found.expected_scale[0] > found.expected_scale[4]  # a stronger limit reaches higher scales


def test_the_width_is_that_of_the_amplitude() -> None:
    # |M|² summed over spins for (∂α/2f) l̄ γ(V + A γ5) τ on mass shells: a scalar and a pseudoscalar
    mass, f, vector, axial = 0.8, 1e6, 0.6, -1.1
    scalar, pseudoscalar = vector * TAU_MASS / (2 * f), axial * TAU_MASS / (2 * f)
    momentum = (TAU_MASS**2 - mass**2) / (2 * TAU_MASS)
    averaged = (scalar**2 + pseudoscalar**2) * (TAU_MASS**2 - mass**2)
    expected = momentum / (8 * np.pi * TAU_MASS**2) * averaged
    assert width_to_lepton(mass, 2 * f / np.hypot(vector, axial)) == pytest.approx(expected)
    assert width_to_lepton(TAU_MASS, 1.0) == 0.0
    assert width_to_lepton(0.3, decay_scale(0.3, 1e-3)) == pytest.approx(1e-3 * TAU_WIDTH)


def test_the_fit_is_unbiased_its_errors_are_right_and_its_limits_cover(electrons: FitInputs) -> None:
    workspace = build_workspace(electrons, mass_templates(electrons, 1.2))
    (answer,) = limits_of([workspace])
    assert not isinstance(answer.outcome, Failure)
    (point,) = coverage_study(workspace, [2 * answer.outcome.expected[2]], toys=400).points
    assert point.failed == 0
    assert abs(point.pull_mean) < 0.16  # three errors of a mean of 400
    assert point.pull_width == pytest.approx(1.0, abs=0.12)
    assert point.coverage["asymptotic limit"].value > 0.95 - 3 * point.coverage["asymptotic limit"].error
    assert point.coverage["likelihood-ratio interval"].value > 0.91
