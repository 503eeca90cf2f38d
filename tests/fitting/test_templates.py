from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.spectra import ProcessSpectra, Spectrum
from darkbelle.fitting.templates import FitInputs, fit_inputs, mass_templates
from darkbelle.runfolder import RunResult


@pytest.fixture(scope="module")
def inputs(toy_result: RunResult) -> FitInputs:
    return fit_inputs(toy_result)


def in_window(inputs: FitInputs, mass: float) -> tuple[int, int]:
    cells = mass_templates(inputs, mass).binning.cells
    return cells[0].mass_start, cells[-1].mass_stop


@pytest.mark.parametrize("mass", [1.0, 4.0, 7.0])
def test_template_sum_is_the_yield_in_the_window(inputs: FitInputs, mass: float) -> None:
    templates = mass_templates(inputs, mass)
    window = slice(*in_window(inputs, mass))
    for name, template in templates.backgrounds.items():
        nominal = inputs.backgrounds[name].nominal
        assert template.values.sum() == pytest.approx(nominal.values[window].sum(), rel=1e-12)
        assert template.variances.sum() == pytest.approx(nominal.variances[window].sum(), rel=1e-12)
    assert templates.observed.sum() == inputs.observed[window].sum()


def test_the_signal_peak_is_in_its_window(inputs: FitInputs) -> None:
    # 5 standard deviations to either side: nothing of a Gaussian is lost, and 40 % were filled
    assert mass_templates(inputs, 4.0).signal_efficiency == pytest.approx(0.4, rel=1e-3)
    assert mass_templates(inputs, 4.0).resolution == pytest.approx(0.8 - 0.07 * 4.0, rel=0.03)


def test_each_bin_has_enough_simulated_background(inputs: FitInputs) -> None:
    for mass in (1.0, 4.0, 7.0):
        templates = mass_templates(inputs, mass)
        values = sum(item.values for item in templates.backgrounds.values())
        variances = sum(item.variances for item in templates.backgrounds.values())
        assert np.all(np.asarray(values) ** 2 / variances >= 10)


def test_backgrounds_that_are_not_simulated_there_are_named_with_their_weight(inputs: FitInputs) -> None:
    templates = mass_templates(inputs, 1.0)
    assert "eemumu" not in templates.backgrounds
    assert templates.unsimulated == {"eemumu": pytest.approx(90.0 * 79.7 / 20_000)}


def test_the_shift_of_a_hardly_simulated_background_is_left_out_and_named(inputs: FitInputs) -> None:
    templates = mass_templates(inputs, 4.0)
    assert templates.unshifted == ("eemumu/recoil_resolution",)
    assert templates.backgrounds["eemumu"].shifts == {}
    assert "recoil_resolution" in templates.backgrounds["mumu"].shifts


def test_background_near_the_peak_is_counted_in_two_resolutions(inputs: FitInputs) -> None:
    templates = mass_templates(inputs, 4.0)
    # fine bins of 0.05 GeV² from −10 GeV²: the half width is rounded to them
    low, high = ((16.0 + sign * 2 * templates.resolution + 10.0) / 0.05 for sign in (-1, 1))
    expected = sum(
        item.nominal.values[round(low) : round(high)].sum() for item in inputs.backgrounds.values()
    )
    assert templates.background_near_peak == pytest.approx(expected)


def test_pseudo_data_of_one_seed_are_the_same_in_overlapping_windows(toy_result: RunResult) -> None:
    first, second = fit_inputs(toy_result, seed=3), fit_inputs(toy_result, seed=3)
    np.testing.assert_array_equal(first.observed, second.observed)
    np.testing.assert_array_equal(first.observed, np.round(first.observed))


def test_asimov_data_are_the_expected_background(toy_result: RunResult) -> None:
    inputs = fit_inputs(toy_result, "asimov")
    expected = sum(item.nominal.values for item in inputs.backgrounds.values())
    np.testing.assert_allclose(inputs.observed, expected)


def test_data_are_never_looked_at_unasked(toy_result: RunResult) -> None:
    assert fit_inputs(toy_result).data == "pseudo"


def test_missing_processes_are_named(inputs: FitInputs) -> None:
    assert inputs.missing == ("mumumumu",)


def test_an_unknown_mass_is_an_error_that_lists_the_known(inputs: FitInputs) -> None:
    with pytest.raises(FitError, match="no signal of 3 GeV in the run; simulated masses are 1, 4, 7"):
        mass_templates(inputs, 3.0)


def without_background(inputs: FitInputs) -> FitInputs:
    shape = inputs.observed.shape
    nothing = Spectrum(np.zeros(shape), np.zeros(shape))
    return dataclasses.replace(inputs, backgrounds={"mumu": ProcessSpectra(nothing, {}, 1.0, 0.0)})


def test_a_window_without_simulated_background_is_refused(inputs: FitInputs) -> None:
    with pytest.raises(FitError, match="no simulated background event lies in the window of 4 GeV"):
        mass_templates(without_background(inputs), 4.0)


def test_a_negative_template_is_refused_by_name(inputs: FitInputs) -> None:
    signal = inputs.signals[4.0]
    negative = dataclasses.replace(
        signal, shifts={"recoil_resolution": (signal.nominal.scaled(-1.0), signal.nominal)}
    )
    broken = dataclasses.replace(inputs, signals={4.0: negative})
    with pytest.raises(FitError, match="signal/recoil_resolution_up for 4 GeV is -"):
        mass_templates(broken, 4.0)
