from __future__ import annotations

import dataclasses

import hist
import numpy as np
import pytest

from darkbelle.channels import Channel
from darkbelle.datasets import Dataset
from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting.spectra import (
    background_spectra,
    data_luminosity,
    data_spectrum,
    pseudo_data,
    signal_spectra,
)
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.runfolder import DatasetResult, RunResult

LUMINOSITY = 79.7


def replaced(result: RunResult, **datasets: DatasetResult) -> RunResult:
    return dataclasses.replace(result, datasets={**result.datasets, **datasets})


def doubled(item: DatasetResult) -> DatasetResult:
    dataset = item.dataset.model_copy(update={"generated_events": 2 * (item.dataset.generated_events or 0)})
    return dataclasses.replace(item, dataset=dataset, output=item.output + item.output)


def test_background_is_cross_section_times_luminosity_times_efficiency(
    toy_result: RunResult, channel: Channel
) -> None:
    spectra = background_spectra(toy_result, channel, "sr", "recoil", LUMINOSITY)
    inside = toy_result.datasets["tautau"].output.histograms[HistogramKey("sr", "recoil")].sum().value
    scale = 60.0 * LUMINOSITY / 20_000  # fb times 1/fb over generated events
    assert spectra["tautau"].nominal.values.sum() == pytest.approx(inside * scale, rel=1e-12)
    assert spectra["tautau"].nominal.variances.sum() == pytest.approx(inside * scale**2, rel=1e-12)
    assert spectra["tautau"].event_weight == pytest.approx(scale)


def test_processes_without_a_dataset_are_absent(toy_result: RunResult, channel: Channel) -> None:
    spectra = background_spectra(toy_result, channel, "sr", "recoil", LUMINOSITY)
    assert list(spectra) == ["mumu", "tautau", "eemumu"]


def test_datasets_of_one_background_add(toy_result: RunResult, channel: Channel) -> None:
    more = replaced(toy_result, tautau_2=toy_result.datasets["tautau"])
    once = background_spectra(toy_result, channel, "sr", "recoil", LUMINOSITY)["tautau"]
    twice = background_spectra(more, channel, "sr", "recoil", LUMINOSITY)["tautau"]
    np.testing.assert_allclose(twice.nominal.values, 2 * once.nominal.values)
    np.testing.assert_allclose(twice.nominal.variances, 2 * once.nominal.variances)
    up, _ = twice.shifts["recoil_resolution"]
    np.testing.assert_allclose(up.values, 2 * once.shifts["recoil_resolution"][0].values)


def test_signal_is_normalised_to_one_femtobarn(toy_result: RunResult, channel: Channel) -> None:
    signals = signal_spectra(toy_result, channel, "sr", "recoil", LUMINOSITY)
    assert list(signals) == [1.0, 4.0, 7.0]
    # 40 % of the generated events are filled, all inside the axes
    assert signals[4.0].nominal.values.sum() == pytest.approx(0.4 * LUMINOSITY)


def test_more_datasets_of_one_mass_are_more_statistics(toy_result: RunResult, channel: Channel) -> None:
    once = signal_spectra(toy_result, channel, "sr", "recoil", LUMINOSITY)[4.0].nominal
    more = replaced(toy_result, again=doubled(toy_result.datasets["zprime_4"]))
    thrice = signal_spectra(more, channel, "sr", "recoil", LUMINOSITY)[4.0].nominal
    np.testing.assert_allclose(thrice.values, once.values)
    np.testing.assert_allclose(thrice.variances, once.variances / 3)


def test_a_quarantined_share_is_made_up_for(toy_result: RunResult, channel: Channel) -> None:
    whole = toy_result.datasets["zprime_4"]
    lossy = dataclasses.replace(
        whole, rows_planned=2 * whole.rows_processed, rows_quarantined=whole.rows_processed
    )
    once = signal_spectra(toy_result, channel, "sr", "recoil", LUMINOSITY)[4.0].nominal
    scaled = signal_spectra(replaced(toy_result, zprime_4=lossy), channel, "sr", "recoil", LUMINOSITY)[4.0]
    np.testing.assert_allclose(scaled.nominal.values, 2 * once.values)


def test_a_missing_shift_is_an_error_that_names_it(toy_result: RunResult, channel: Channel) -> None:
    item = toy_result.datasets["mumu"]
    kept = {
        key: value for key, value in item.output.histograms.items() if key.variation != "recoil_resolution_up"
    }
    broken = replaced(
        toy_result,
        mumu=dataclasses.replace(item, output=dataclasses.replace(item.output, histograms=kept)),
    )
    with pytest.raises(FitError, match="'mumu' has no histogram sr/recoil/recoil_resolution_up"):
        background_spectra(broken, channel, "sr", "recoil", LUMINOSITY)


def test_an_undeclared_process_is_an_error(toy_result: RunResult, channel: Channel) -> None:
    item = toy_result.datasets["mumu"]
    stray = dataclasses.replace(item, dataset=item.dataset.model_copy(update={"process": "ccbar"}))
    with pytest.raises(
        ConfigurationError, match="'ccbar', which channel 'zprime_invisible' does not declare"
    ):
        background_spectra(replaced(toy_result, cc=stray), channel, "sr", "recoil", LUMINOSITY)


def test_a_run_without_backgrounds_is_refused(toy_result: RunResult, channel: Channel) -> None:
    signal_only = dataclasses.replace(toy_result, datasets={"s": toy_result.datasets["zprime_4"]})
    with pytest.raises(FitError, match="no dataset of a background"):
        background_spectra(signal_only, channel, "sr", "recoil", LUMINOSITY)


def test_a_signal_must_state_its_mass(toy_result: RunResult, channel: Channel) -> None:
    item = toy_result.datasets["zprime_4"]
    nameless = dataclasses.replace(item, dataset=item.dataset.model_copy(update={"mass": None}))
    with pytest.raises(FitError, match="states no mass"):
        signal_spectra(replaced(toy_result, zprime_4=nameless), channel, "sr", "recoil", LUMINOSITY)


def test_data_are_not_scaled_and_bring_their_luminosity(toy_result: RunResult) -> None:
    histogram = hist.Hist(hist.axis.Regular(3, 0, 3, name="x"), storage=hist.storage.Weight())
    histogram.fill([0.5, 0.5, 2.5])
    output = ChunkOutput(3, 3, {HistogramKey("sr", "recoil"): histogram})
    recorded = Dataset(process="data", files=("d.root",), luminosity_fb=50.0)
    run = dataclasses.replace(toy_result, datasets={"d": DatasetResult(recorded, 3, 3, 0, output)})
    np.testing.assert_array_equal(data_spectrum(run, "sr", "recoil").values, [2.0, 0.0, 1.0])
    assert data_luminosity(run) == 50.0


def test_asking_for_data_that_are_not_there_is_an_error(toy_result: RunResult) -> None:
    assert data_luminosity(toy_result) == 0.0
    with pytest.raises(FitError, match="use pseudo-data"):
        data_spectrum(toy_result, "sr", "recoil")


def test_pseudo_data_are_poisson_and_depend_on_the_seed_alone() -> None:
    expected = np.full((200, 50), 3.0)
    drawn = pseudo_data(expected, seed=5)
    np.testing.assert_array_equal(drawn, pseudo_data(expected, seed=5))
    assert not np.array_equal(drawn, pseudo_data(expected, seed=6))
    # 10 000 draws: the mean is known to sqrt(3 / 10 000) = 0.017, the variance to 0.05
    assert drawn.mean() == pytest.approx(3.0, abs=0.07)
    assert drawn.var() == pytest.approx(3.0, abs=0.2)


def test_a_negative_expectation_has_no_pseudo_data() -> None:
    with pytest.raises(FitError, match="1 fine bins of the background are negative"):
        pseudo_data(np.array([1.0, -0.1]), seed=1)
