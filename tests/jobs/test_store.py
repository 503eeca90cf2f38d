from __future__ import annotations

from pathlib import Path

import hist
import numpy as np
import pyarrow.parquet as pq
import pytest

from darkbelle.errors import StoreError
from darkbelle.jobs.store import ResultStore, Survey, key_of
from darkbelle.jobs.tasks import Failure
from darkbelle.results import ChunkOutput, HistogramKey, encode_output

KEY = key_of({"rows": [0, 10]})


def output() -> ChunkOutput:
    histogram = hist.Hist(hist.axis.Regular(4, 0, 1, name="x"), storage=hist.storage.Weight())
    histogram.fill([0.1, 0.9, 2.0], weight=[0.5, 1.0, 0.25])
    return ChunkOutput(
        rows=10,
        events=7,
        histograms={HistogramKey("sr", "x"): histogram},
        counts={"nan/x": 2},
        columns={"sr": {"x": np.array([1.5, 2.5]), "n": np.array([1, 2])}},
    )


def test_keys_depend_on_content_and_not_on_order() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert key_of({"a": 1, "b": 2}) != key_of({"a": 1, "b": 3})


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.put(KEY, output())
    found = store.get(KEY)
    assert encode_output(found.output) == encode_output(output())
    assert pq.read_table(found.columns["sr"]).to_pydict() == {"n": [1, 2], "x": [1.5, 2.5]}


def test_the_same_result_is_the_same_bytes(tmp_path: Path) -> None:
    one, other = ResultStore(tmp_path / "one"), ResultStore(tmp_path / "other")
    one.put(KEY, output())
    other.put(KEY, output())
    assert one.path(KEY).read_bytes() == other.path(KEY).read_bytes()


def test_putting_leaves_no_other_files(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.put(KEY, output())
    names = {path.name for path in store.path(KEY).parent.iterdir()}
    assert names == {f"{KEY}.json.gz", f"{KEY}.sr.parquet"}


def test_a_missing_result_is_an_error_to_get(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        ResultStore(tmp_path).get(KEY)


@pytest.mark.parametrize("place", [0, 12, 40, -20, -1])
def test_a_flipped_byte_is_found(place: int, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.put(KEY, output())
    content = bytearray(store.path(KEY).read_bytes())
    content[place] ^= 0x55
    store.path(KEY).write_bytes(content)
    survey = store.survey([KEY])
    assert not survey.present
    assert list(survey.damaged) == [KEY]


@pytest.mark.parametrize("kept", [0, 5, 60])
def test_a_truncated_file_is_found(kept: int, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.put(KEY, output())
    store.path(KEY).write_bytes(store.path(KEY).read_bytes()[:kept])
    assert list(store.survey([KEY]).damaged) == [KEY]


def test_a_renamed_file_is_found(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.put(KEY, output())
    other = key_of({"rows": [10, 20]})
    store.path(other).parent.mkdir(parents=True, exist_ok=True)
    store.path(KEY).rename(store.path(other))
    with pytest.raises(StoreError, match="files were renamed"):
        store.get(other)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_damaged_columns_are_found(damage: str, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.put(KEY, output())
    columns = store.get(KEY).columns["sr"]
    if damage == "gone":
        columns.unlink()
    else:
        columns.write_bytes(columns.read_bytes() + b"x")
    assert list(store.survey([KEY]).damaged) == [KEY]


def test_a_survey_tells_present_from_missing(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.put(KEY, output())
    other = key_of({"rows": [10, 20]})
    survey = store.survey([KEY, other])
    assert survey == Survey(frozenset({KEY}), frozenset({other}), {})


def test_a_failure_is_kept_until_there_is_a_result(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    failure = Failure("permanent", "ValueError", "no", ("in dataset 'mumu'",), "Traceback")
    assert store.failure(KEY) is None
    store.put_failure(KEY, failure)
    assert store.failure(KEY) == failure
    store.put(KEY, output())
    assert store.failure(KEY) is None
