"""The measurement of the τ mass, on spectra drawn from an edge function: there the answers are known."""

from __future__ import annotations

from collections.abc import Mapping

import hist
import numpy as np
import pytest

from darkbelle.channels import load_channel
from darkbelle.datasets import Dataset
from darkbelle.errors import FitError
from darkbelle.fitting.edge import EdgeFit
from darkbelle.fitting.edge.toys import draw_masses
from darkbelle.fitting.measurements import Shift
from darkbelle.fitting.tau_edge import bias_of, closure, counts_of, tau_mass_inputs
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.runfolder import DatasetResult, RunResult

CHANNEL = load_channel("tau_mass")
BIAS, SLOPE = -0.4e-3, 0.1  # of the edge, GeV, and by the distance to 1.777 GeV
EVENTS = 60_000


def spectrum(edge: float, seed: int, *, scale: float = 1.0) -> hist.Hist:
    truth = EdgeFit(
        "arctan",
        {"edge": edge, "width": 0.0016, "step": 0.55, "slope": 0.5, "curvature": 2.0},
        {},
        np.eye(5),
        EVENTS,
    )
    masses = draw_masses(truth, (1.69, 1.86), np.random.default_rng(seed)) * scale
    axis = CHANNEL.axes["pseudomass"]
    filled = hist.Hist(hist.axis.Regular(axis.bins, axis.start, axis.stop), storage=hist.storage.Weight())
    filled.fill(masses)
    return filled


def sample(mass: float, seed: int) -> DatasetResult:
    edge = mass + BIAS + SLOPE * (mass - 1.777)
    histograms = {HistogramKey("sr", "pseudomass"): spectrum(edge, seed)}
    for name, systematic in CHANNEL.shifts.items():
        for way, sign in (("up", 1), ("down", -1)):
            key = HistogramKey("sr", "pseudomass", f"{name}_{way}")
            histograms[key] = spectrum(edge, seed, scale=1 + sign * systematic.size)
    dataset = Dataset(
        process="tautau", files=("a.root",), cross_section_fb=919e3, generated_events=10**6, mass=mass
    )
    return DatasetResult(dataset, 1, 1, 0, ChunkOutput(1, 1, histograms=histograms))


def run_of(samples: Mapping[str, DatasetResult]) -> RunResult:
    return RunResult("tau_mass", {}, dict(samples))


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run_of({f"tau_{mass}": sample(mass, i) for i, mass in enumerate(CHANNEL.masses)})


def test_the_bias_is_the_line_it_was_made_with(result: RunResult) -> None:
    bias = bias_of(tau_mass_inputs(result), CHANNEL.masses)
    offset_error, slope_error = np.sqrt(np.diag(bias.covariance))
    assert bias.offset == pytest.approx(BIAS, abs=4 * offset_error)
    assert bias.slope == pytest.approx(SLOPE, abs=4 * slope_error)
    assert offset_error < 0.2e-3


def test_the_correction_undoes_the_bias(result: RunResult) -> None:
    bias = bias_of(tau_mass_inputs(result), CHANNEL.masses)
    edge = 1.7775 + bias.offset + bias.slope * (1.7775 - 1.777)
    assert bias.corrected(edge) == pytest.approx(1.7775, abs=1e-12)


def test_every_sample_comes_back_with_the_line_through_the_others(result: RunResult) -> None:
    answers = closure(tau_mass_inputs(result))
    assert set(answers) == set(CHANNEL.masses)
    for difference, error in answers.values():
        assert abs(difference) < 4 * error
        assert error < 1e-3


def test_what_is_fitted_without_backgrounds_is_the_sample(result: RunResult) -> None:
    inputs = tau_mass_inputs(result)
    counts = counts_of(result, inputs, 1.77693, seed=1)
    np.testing.assert_array_equal(counts, inputs.signal(1.77693).values)


def test_one_mass_is_not_enough_for_a_bias(result: RunResult) -> None:
    with pytest.raises(FitError, match="two τ masses"):
        bias_of(tau_mass_inputs(result), (1.77693,))


def test_two_samples_of_one_mass_are_refused(result: RunResult) -> None:
    item = result.datasets["tau_1.77693"]
    with pytest.raises(FitError, match="one mass a sample"):
        tau_mass_inputs(run_of({"a": item, "b": item}))


@pytest.mark.parametrize(
    ("table", "factor"), [(None, 1.0), ({"uncertainty": None}, 1.0), ({"uncertainty": 1e-4}, 2.0)]
)
def test_the_control_channel_says_how_large_the_shift_of_the_scale_is(
    result: RunResult, table: dict[str, float | None] | None, factor: float
) -> None:
    # the events were shifted by 5e-5
    inputs = tau_mass_inputs(RunResult(result.channel, {"momentum_scale": table}, result.datasets))
    declared = Shift(0.03, -0.02, "the shifted events refitted")
    found = inputs.as_known("momentum_scale", declared)
    assert (found.up, found.down) == pytest.approx((0.03 * factor, -0.02 * factor))
    assert ("control channel's 0.0001" in found.how) == (factor != 1.0)
    assert inputs.as_known("beam_energy", declared) == declared


def test_the_control_channel_says_how_large_the_shift_of_the_beams_is(result: RunResult) -> None:
    # the beams were shifted by 7e-5
    inputs = tau_mass_inputs(
        RunResult(result.channel, {"beam_energy": {"uncertainty": 3.5e-5}}, result.datasets)
    )
    declared = Shift(0.06, -0.06, "the shifted events refitted")
    found = inputs.as_known("beam_energy", declared)
    assert (found.up, found.down) == pytest.approx((0.03, -0.03))
    assert inputs.as_known("momentum_scale", declared) == declared
