from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import uproot

from darkbelle.datasets import read_datasets
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.generators import generator, generator_names
from darkbelle.simulation.samples import (
    SampleRequest,
    catalogue,
    catalogue_names,
    make_samples,
    simulate_sample,
)

REQUEST = SampleRequest("mumu", events=500, seed=11, block=200)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.root"))
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample in three blocks, made by one process."""
    folder = tmp_path_factory.mktemp("one_worker")
    make_samples([REQUEST], folder)
    return folder


def test_a_sample_is_made_in_blocks_with_event_numbers_of_their_own(made: Path) -> None:
    assert list(digests(made)) == ["mumu_0000.root", "mumu_0001.root", "mumu_0002.root"]
    numbers = []
    for block, path in enumerate(sorted(made.rglob("*.root"))):
        with uproot.open(path) as file:
            events = file["variables"]["__event__"].array(library="np")
        assert np.all((events >= 200 * block) & (events < 200 * (block + 1)))
        numbers.append(events)
    joined = np.concatenate(numbers)
    assert np.unique(joined).size == joined.size > 100  # at most one pair an event here


def test_two_workers_make_the_same_bytes(made: Path, tmp_path: Path) -> None:
    make_samples([REQUEST], tmp_path, workers=2)
    assert digests(tmp_path) == digests(made)


@pytest.mark.parametrize(
    ("process", "options", "steering"),
    [
        ("ssbar", {}, "k_short"),
        pytest.param("tautau", {"modes": ("3prong", "1prong")}, "tau_3x1", marks=pytest.mark.slow),
        pytest.param("charged_b", {}, "jpsi", marks=pytest.mark.slow),
    ],
)
def test_any_steering_makes_the_same_bytes_in_any_number_of_workers(
    process: str, options: dict[str, tuple[str, str]], steering: str, tmp_path: Path
) -> None:
    request = SampleRequest(process, 120, 5, options, block=60, steering=steering)
    for workers in (1, 2):
        make_samples([request], tmp_path / str(workers), workers=workers)
    one, two = (digests(tmp_path / str(workers)) for workers in (1, 2))
    assert one == two
    assert len(one) == 2


def processes_of_catalogues() -> list[SampleRequest]:
    """Return one small sample of each process and kind of options that any catalogue asks for."""
    found: dict[tuple[str, ...], SampleRequest] = {}
    for name in catalogue_names():
        for request in catalogue(name, "small", seed=3):
            kind = (request.process, request.steering, *sorted(set(request.options) - {"mass"}))
            found.setdefault(kind, replace(request, events=24, block=12))
    return list(found.values())


@pytest.mark.slow
def test_every_process_of_every_catalogue_makes_the_same_bytes_in_two_workers(tmp_path: Path) -> None:
    requests = processes_of_catalogues()
    assert {request.process for request in requests} == set(generator_names())
    for number, request in enumerate(requests):
        make_samples([request], tmp_path / "one" / str(number))
    batches: list[list[SampleRequest]] = []  # samples of one name go to different batches
    for request in requests:
        fitting = (batch for batch in batches if request.name not in {other.name for other in batch})
        batch = next(fitting, None)
        if batch is None:
            batches.append(batch := [])
        batch.append(request)
    for number, batch in enumerate(batches):
        make_samples(batch, tmp_path / "two" / str(number), workers=2)
    one, two = (
        sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / of).rglob("*.root"))
        for of in ("one", "two")
    )
    assert one == two
    assert len(one) == 2 * len(requests)


def test_another_steering_is_another_sample(tmp_path: Path) -> None:
    make_samples([SampleRequest("mumu", 50, 1)], tmp_path)
    before = digests(tmp_path)
    make_samples([SampleRequest("mumu", 50, 1, steering="lepton_pairs")], tmp_path)
    assert digests(tmp_path) != before


def test_another_seed_makes_other_bytes(made: Path, tmp_path: Path) -> None:
    make_samples([SampleRequest("mumu", events=200, seed=12, block=200)], tmp_path)
    assert digests(tmp_path)["mumu_0000.root"] != digests(made)["mumu_0000.root"]


def test_finished_blocks_are_kept_and_damaged_ones_made_again(tmp_path: Path) -> None:
    make_samples([REQUEST], tmp_path)
    before = digests(tmp_path)
    first, second, third = sorted(tmp_path.rglob("*.root"))
    untouched = first.stat().st_mtime_ns
    second.write_bytes(second.read_bytes()[:-100])
    third.unlink()
    make_samples([REQUEST], tmp_path)
    assert digests(tmp_path) == before
    assert first.stat().st_mtime_ns == untouched


def test_a_block_of_another_request_is_not_kept(tmp_path: Path) -> None:
    make_samples([SampleRequest("mumu", events=100, seed=1, block=100)], tmp_path)
    before = digests(tmp_path)
    make_samples([SampleRequest("mumu", events=100, seed=2, block=100)], tmp_path)
    assert digests(tmp_path) != before


def test_another_detector_sees_the_same_events_and_makes_other_files(tmp_path: Path) -> None:
    biased = {
        "momentum_scale": {"strength": 1, "constant": 0.01, "cosine": 0, "charge": 0, "charge_cosine": 0}
    }
    pz = []
    detectors: tuple[dict[str, dict[str, float]], ...] = ({}, biased)
    for detector in detectors:
        request = SampleRequest("mumu", events=100, seed=1, block=100, detector=detector, region="sr")
        dataset = make_samples([request], tmp_path)["mumu"]
        assert dataset.origin["detector"] == detector
        assert dataset.region == "sr"
        with uproot.open(tmp_path / dataset.files[0]) as file:
            pz.append(file["variables"]["mu_p_pz"].array(library="np"))
    np.testing.assert_allclose(pz[1], 1.01 * pz[0], rtol=1e-6)


def test_a_detector_that_cannot_be_is_refused_before_any_work() -> None:
    with pytest.raises(ConfigurationError, match="no 'scale'"):
        SampleRequest("mumu", 10, 1, detector={"scale": {"strength": 1}})


def test_a_broken_record_means_a_new_block(tmp_path: Path) -> None:
    request = SampleRequest("mumu", events=50, seed=1)
    make_samples([request], tmp_path)
    record = next(tmp_path.rglob("*.json"))
    whole = record.read_text()
    record.write_text(whole[: len(whole) // 2])
    make_samples([request], tmp_path)
    assert record.read_text() == whole


def test_progress_counts_events(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    make_samples([REQUEST], tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(200, 500), (400, 500), (500, 500)]


def test_the_dataset_file_knows_how_to_normalise(tmp_path: Path) -> None:
    dataset = simulate_sample("mumu", 300, 4, tmp_path)
    source = generator("mumu")
    assert dataset.cross_section_fb == source.cross_section_fb
    assert dataset.generated_events is not None
    assert dataset.generated_events >= 300
    assert dataset.mass is None
    assert dataset.origin["seed"] == 4
    with uproot.open(tmp_path / dataset.files[0]) as file:
        assert file["variables"].num_entries == dataset.origin["rows"]
    again = read_datasets(tmp_path / "mumu.yaml")["mumu"]
    assert again.files == (str(tmp_path / "mumu" / "mumu_0000.root"),)
    # N = σ L: the sample weighted to its own luminosity is the number generated
    luminosity = dataset.generated_events / source.cross_section_fb
    assert again.scale_to(luminosity) == pytest.approx(1.0)


@pytest.mark.parametrize(("events", "seed", "block"), [(0, 1, 10), (10, -1, 10), (10, 1, 0), (2**32, 1, 10)])
def test_impossible_requests_are_refused(events: int, seed: int, block: int) -> None:
    with pytest.raises(ConfigurationError, match="got"):
        SampleRequest("mumu", events, seed, block=block)


def test_two_samples_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="mumu"):
        make_samples([REQUEST, SampleRequest("mumu", 10, 2)], tmp_path)


def test_unknown_steerings_are_refused_before_anything_is_made() -> None:
    with pytest.raises(ConfigurationError, match="there is no steering 'nothing'"):
        SampleRequest("mumu", 10, 1, steering="nothing")


def test_unknown_processes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no generator"):
        simulate_sample("nothing", 10, 1, tmp_path)
