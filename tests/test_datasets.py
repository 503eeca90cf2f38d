"""Dataset files carry the normalisation, or are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from darkbelle.datasets import Dataset, read_datasets, write_datasets
from darkbelle.errors import ConfigurationError

TAU_PAIRS = Dataset(
    process="tautau",
    files=("a.root",),
    cross_section_fb=0.919e6,
    branching_fraction=0.5,
    generated_events=1000,
)


def test_scale_is_cross_section_times_luminosity_over_generated_events() -> None:
    # 0.919 nb · 0.5 · 10/fb = 4 595 000 events expected, 1000 made
    assert TAU_PAIRS.scale_to(10.0) == pytest.approx(4595.0)


def test_a_quarantined_share_is_made_up_for() -> None:
    assert TAU_PAIRS.scale_to(10.0, processed_share=0.8) == pytest.approx(4595.0 / 0.8)


def test_data_is_not_scaled() -> None:
    assert Dataset(process="data", files=("a.root",), luminosity_fb=5).scale_to(10.0) == 1.0


def test_files_are_found_beside_the_dataset_file(tmp_path: Path) -> None:
    write_datasets(tmp_path / "datasets.yaml", {"taus": TAU_PAIRS})
    (read,) = read_datasets(tmp_path / "datasets.yaml").values()
    assert read.files == (str(tmp_path.resolve() / "a.root"),)
    assert read.model_copy(update={"files": ("a.root",)}) == TAU_PAIRS


def test_patterns_are_replaced_by_the_files_that_match(tmp_path: Path) -> None:
    for name in ("b_2.root", "b_1.root", "c.root"):
        (tmp_path / name).touch()
    write_datasets(
        tmp_path / "d.yaml", {"taus": TAU_PAIRS.model_copy(update={"files": ("b_*.root", "c.root")})}
    )
    (read,) = read_datasets(tmp_path / "d.yaml").values()
    assert [Path(file).name for file in read.files] == ["b_1.root", "b_2.root", "c.root"]


def test_a_pattern_without_a_match_is_said(tmp_path: Path) -> None:
    write_datasets(tmp_path / "d.yaml", {"taus": TAU_PAIRS.model_copy(update={"files": ("z*.root",)})})
    with pytest.raises(ConfigurationError, match=r"no file matches .*z\*.root"):
        read_datasets(tmp_path / "d.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("datasets: {a: {process: mumu, files: [a.root]}}", "cross_section_fb and generated_events"),
        ("datasets: {a: {process: data, files: [a.root]}}", "needs luminosity_fb"),
        ("datasets: {a: {process: data, files: [], luminosity_fb: 1}}", "files"),
        ("datasets: {a: {proces: data}}", "proces"),
        ("datasets: [", "is not a dataset file"),
    ],
)
def test_impossible_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "datasets.yaml").write_text("schema: 1\n" + text)
    with pytest.raises(ConfigurationError, match=message):
        read_datasets(tmp_path / "datasets.yaml")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the dataset file"):
        read_datasets(tmp_path / "nowhere.yaml")
