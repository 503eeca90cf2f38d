"""√s from spectra that were drawn from known peaks: there the answers are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.b_energy import measurement
from darkbelle.fitting.b_energy.inputs import b_energy_inputs
from darkbelle.fitting.b_energy.measurement import closure, combination_of, spectra_of
from darkbelle.fitting.measurements import Shift
from darkbelle.runfolder import RunResult

Made = Callable[..., RunResult]

SHIFT = 0.2e-3


@pytest.fixture(scope="module")
def result(made: Made) -> RunResult:
    return made(shift=SHIFT, data=10.5806)


def test_each_energy_comes_back_with_the_bias_of_the_others(result: RunResult) -> None:
    answers = closure(b_energy_inputs(result))
    assert len(answers) == 5
    for difference, error in answers.values():
        assert abs(difference) < 4 * error
        assert error < 0.6e-3


def test_recorded_data_are_measured_with_all_samples(result: RunResult) -> None:
    inputs = b_energy_inputs(result)
    found = combination_of(inputs, None, spectra_of(inputs, None, seed=1))
    assert found.value == pytest.approx(10.5806, abs=4 * np.hypot(found.stat, found.bias_error))
    # three peaks of 8000: 2σ/√N over the slope of 0.7, and a little for the background
    assert found.stat == pytest.approx(2 * 2.3e-3 / np.sqrt(24_000) / 0.72, rel=0.15)
    assert sum(found.weights.values()) == pytest.approx(1.0)
    assert found.p_value > 1e-3


def test_a_source_that_moves_the_peak_moves_the_answer_by_two_over_the_slope(result: RunResult) -> None:
    inputs = b_energy_inputs(result)
    counts = spectra_of(inputs, 10.5796, seed=1)
    found = combination_of(inputs, 10.5796, counts)
    shifts = dict(measurement._shifts(inputs, 10.5796, found, counts))
    assert shifts["resonance_mass"].up == pytest.approx(2 * SHIFT / 0.7, rel=0.15)
    assert shifts["resonance_mass"].down == pytest.approx(-2 * SHIFT / 0.7, rel=0.15)
    # 0.07 and 0.08 MeV of the mesons' masses
    assert 2 * 0.07e-3 / 0.75 < shifts["b_mass"].up < 2 * 0.08e-3 / 0.65
    assert shifts["estimator_bias"].up == pytest.approx(found.bias_error)
    assert shifts["fit_function"].size < 4 * found.stat
    assert set(shifts) >= set(inputs.channel.shifts)


def test_pseudo_data_are_of_one_luminosity(made: Made) -> None:
    result = made()
    name = "d_pi_10.5796"
    item = result.datasets[name]
    twice = replace(item, dataset=item.dataset.model_copy(update={"cross_section_fb": 50.0}))
    inputs = b_energy_inputs(RunResult(result.channel, {}, {**result.datasets, name: twice}))
    assert inputs.luminosity_of(10.5796) == pytest.approx(80.0)
    assert inputs.regions["d_pi"].luminosity_of(10.5796) == pytest.approx(160.0)
    counts = spectra_of(inputs, 10.5796, seed=1)
    whole = inputs.regions["d_pi"].signal(10.5796).sum()
    background = inputs.regions["d_pi"].background.sum() * 80
    assert counts["d_pi"].sum() == pytest.approx(whole / 2 + background, abs=4 * np.sqrt(whole / 2))


def test_the_background_has_the_yield_of_simulation_and_a_smooth_shape(result: RunResult) -> None:
    inputs = b_energy_inputs(result)
    region = inputs.regions["jpsi_k"]
    key = next(key for key in result.datasets["jpsi_k_ccbar"].output.histograms)
    found = result.datasets["jpsi_k_ccbar"].output.histograms[key].values().sum()
    assert region.background.sum() * region.luminosity_of(10.5796) == pytest.approx(found * 80 / 8)
    assert (np.diff(region.background) > 0).all()


@pytest.mark.parametrize(
    ("table", "factor"), [(None, 1.0), ({"uncertainty": None}, 1.0), ({"uncertainty": 1e-4}, 2.0)]
)
def test_the_control_channel_says_how_large_the_shift_of_the_scale_is(
    result: RunResult, table: dict[str, float | None] | None, factor: float
) -> None:
    inputs = b_energy_inputs(RunResult(result.channel, {"momentum_scale": table}, result.datasets))
    declared = Shift(0.03, -0.02, "the shifted events refitted")
    found = inputs.as_known("momentum_scale", declared)
    assert (found.up, found.down) == pytest.approx((0.03 * factor, -0.02 * factor))
    assert inputs.as_known("boost", declared) == declared


def test_what_cannot_be_measured_is_refused(made: Made, result: RunResult) -> None:
    inputs = b_energy_inputs(made(energies=(10.5776, 10.5796, 10.5816)))
    with pytest.raises(FitError, match="no data of region 'd_zero_pi'"):
        spectra_of(inputs, None, seed=1)
    with pytest.raises(FitError, match=r"√s = 10\.5 GeV, there are 10\.5776"):
        spectra_of(inputs, 10.5, seed=1)
    with pytest.raises(FitError, match="3 energies and more"):
        combination_of(inputs, 10.5796, spectra_of(inputs, 10.5796, seed=1))
    item = result.datasets["d_pi_10.5796"]
    with pytest.raises(FitError, match="expected one energy a sample"):
        b_energy_inputs(RunResult("beam_energy", {}, {"a": item, "b": item}))
    with pytest.raises(FitError, match="to calibrate with"):
        b_energy_inputs(RunResult("beam_energy", {}, {}))
