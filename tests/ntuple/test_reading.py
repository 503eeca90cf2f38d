from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from coffea.nanoevents import NanoEventsFactory
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError, MissingBranchError, NtupleError, UnreadableFileError
from darkbelle.ntuple.reading import Layout, RowRange, columns_read, open_rows
from darkbelle.ntuple.schema import schema_of
from darkbelle.ntuple.writing import write_ntuple

Columns = dict[str, NDArray[Any]]

LAYOUT = Layout(
    particles={"mu_plus": "mu_p", "mu_minus": "mu_m"},
    columns={
        "n_tracks": "nTracks",
        "n_hard_photons": "nParticlesInList(gamma:hard)",
        "trigger": "L1FTDL(ffo)",
    },
)


def _open(path: Path, layout: Layout = LAYOUT, **options: Any) -> Any:
    with uproot.open(path) as file:
        entries = file[layout.tree].num_entries
    return open_rows(RowRange(str(path), layout.tree, 0, entries), layout, **options)


def test_rows_have_counters_particles_and_columns(modern_file: Path) -> None:
    rows = _open(modern_file)
    assert rows.fields == [
        *("experiment", "run", "event", "production", "candidate", "n_candidates", "inverse_sampling_rate"),
        *("n_tracks", "n_hard_photons", "mu_plus", "mu_minus"),
    ]
    assert rows.event.tolist() == [10, 10, 11, 12, 12, 12]
    assert rows.candidate.tolist() == [0, 1, 0, 0, 1, 2]
    assert rows.n_tracks.tolist() == [2] * 6


def test_values_are_those_of_the_file(modern_file: Path, modern_columns: Callable[..., Columns]) -> None:
    expected = modern_columns([10, 10, 11, 12, 12, 12])
    rows = _open(modern_file)
    for field, variable in (("px", "px"), ("energy", "E"), ("isSignal", "isSignal"), ("stored_pt", "pt")):
        np.testing.assert_array_equal(rows.mu_minus[field], expected[f"mu_m_{variable}"])
    by_alias = rows.mu_plus["useCMSFrame(p)"]
    np.testing.assert_array_equal(by_alias, expected["mu_p_useCMSFrame(p)"])
    np.testing.assert_array_equal(by_alias, rows.mu_plus.useCMSFrame__bop__bc)


def test_a_range_of_rows_is_a_slice(modern_file: Path) -> None:
    part = open_rows(RowRange(str(modern_file), "variables", 2, 5), LAYOUT)
    whole = _open(modern_file)
    assert part.event.tolist() == [11, 12, 12]
    np.testing.assert_array_equal(part.mu_plus.px, whole.mu_plus.px[2:5])


def test_no_rows_are_no_error(
    modern_file: Path, tmp_path: Path, modern_columns: Callable[..., Columns]
) -> None:
    assert len(open_rows(RowRange(str(modern_file), "variables", 3, 3), LAYOUT).mu_plus.px) == 0
    write_ntuple(tmp_path / "empty.root", modern_columns([]))
    rows = _open(tmp_path / "empty.root")
    assert rows.event.tolist() == rows.mu_plus.energy.tolist() == []


def test_particles_are_lorentz_vectors(modern_file: Path) -> None:
    rows = _open(modern_file)
    pair = rows.mu_plus + rows.mu_minus
    energy = rows.mu_plus.energy + rows.mu_minus.energy
    momentum2 = sum((rows.mu_plus[c] + rows.mu_minus[c]) ** 2 for c in ("px", "py", "pz"))
    np.testing.assert_allclose(pair.mass, np.sqrt(energy**2 - momentum2), rtol=1e-12)
    np.testing.assert_allclose(rows.mu_plus.mass, 0.1056583755, rtol=1e-6)
    np.testing.assert_allclose(rows.mu_plus.pt, rows.mu_plus.stored_pt, rtol=1e-12)


@pytest.mark.parametrize("coordinate", ["theta", "phi", "eta", "mass", "z"])
def test_a_stored_coordinate_does_not_clash_with_the_vectors_own(tmp_path: Path, coordinate: str) -> None:
    components = {"px": 3.0, "py": 0.0, "pz": 4.0, "E": 13.0, coordinate: 0.25}
    write_ntuple(tmp_path / "a.root", {f"KS_{name}": np.full(1, value) for name, value in components.items()})
    kaon = _open(tmp_path / "a.root", Layout({"kaon": "KS"})).kaon
    assert kaon[f"stored_{coordinate}"].tolist() == [0.25]
    assert kaon.mass.tolist() == [12.0]
    assert kaon.theta.tolist() == pytest.approx([np.arctan2(3, 4)])


def test_a_column_is_read_when_it_is_touched_and_not_before(modern_file: Path) -> None:
    rows = _open(modern_file)
    assert columns_read(rows) == ()
    _ = rows.mu_plus
    assert columns_read(rows) == ()
    ak.to_numpy(rows.mu_plus.px)
    ak.to_numpy(rows.event)
    assert columns_read(rows) == ("mu_p_px", "__event__")


def test_the_bytes_of_an_untouched_column_are_not_looked_at(modern_file: Path) -> None:
    _spoil(modern_file, "mu_m_px")
    rows = _open(modern_file)
    mass = (rows.mu_plus + rows.mu_plus).mass
    assert np.all(np.isfinite(mass))
    assert set(columns_read(rows)) == {"mu_p_px", "mu_p_py", "mu_p_pz", "mu_p_E"}
    with pytest.raises(
        UnreadableFileError, match=r"modern.root: cannot read branch 'mu_m_px' .* rows 0 to 6"
    ):
        ak.to_numpy(rows.mu_minus.px)


def _spoil(path: Path, name: str) -> None:
    with uproot.open(path) as file:
        branch = file["variables"][name]
        start, size = int(branch.member("fBasketSeek")[0]), int(branch.member("fBasketBytes")[0])
    content = bytearray(path.read_bytes())
    content[start : start + size] = b"\xff" * size
    path.write_bytes(content)


def test_only_the_fields_asked_for_come_out(modern_file: Path) -> None:
    rows = _open(
        modern_file,
        reads=("mu_plus.px", "mu_plus.energy", "n_tracks", "event"),
        optional=("trigger", "mu_minus.px"),
    )
    assert rows.mu_plus.fields == ["px", "energy"]
    assert rows.mu_minus.fields == ["px"]
    assert "n_tracks" in rows.fields
    assert "trigger" not in rows.fields
    assert "n_hard_photons" not in rows.fields


def test_a_field_that_is_not_in_the_file_is_an_error_at_once(modern_file: Path) -> None:
    with pytest.raises(
        MissingBranchError,
        match=r"modern.root, tree 'variables', rows 0 to 6: no branch 'L1FTDL\(ffo\)', read as 'trigger'",
    ):
        _open(modern_file, reads=("trigger",))
    with pytest.raises(MissingBranchError, match="nearest are 'mu_p_px'"):
        _open(modern_file, reads=("mu_plus.pxx",))


def test_a_field_that_is_not_declared_is_an_error(modern_file: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"'tau.px' is read but not declared: particles are mu_plus, mu_minus"
    ):
        _open(modern_file, reads=("tau.px",))


def test_a_prefix_without_branches_is_an_error(modern_file: Path) -> None:
    with pytest.raises(MissingBranchError, match=r"no branch 'mup_\*', read as 'mu_plus'"):
        _open(modern_file, Layout({"mu_plus": "mup"}))


def test_a_branch_belongs_to_the_longest_prefix(tmp_path: Path) -> None:
    write_ntuple(
        tmp_path / "a.root", {"B_d0_M": np.ones(1), "B_M": np.full(1, 5.0), "B_d0_d1_M": np.zeros(1)}
    )
    rows = _open(tmp_path / "a.root", Layout({"b": "B", "kaon": "B_d0"}))
    assert rows.b.fields == ["stored_M"]
    assert rows.kaon.fields == ["stored_M", "d1_M"]


def test_the_empty_prefix_is_the_candidate_itself(modern_file: Path) -> None:
    rows = _open(modern_file, Layout({"pair": "", "mu_plus": "mu_p", "mu_minus": "mu_m"}))
    assert rows.pair.fields == [
        "nTracks",
        "nParticlesInList__bogamma__clhard__bc",
        "nParticlesInList(gamma:hard)",
    ]


def test_metadata_travels_with_the_rows(modern_file: Path) -> None:
    metadata = {"dataset": "mumu", "is_data": False, "mass": None, "seed": 3}
    assert _open(modern_file, metadata=metadata).metadata == metadata


def test_rows_that_are_not_there_are_an_error(modern_file: Path) -> None:
    with pytest.raises(
        NtupleError, match="rows 0 to 9 of tree 'variables' were asked for, which has 6; the file changed"
    ):
        open_rows(RowRange(str(modern_file), "variables", 0, 9), LAYOUT)


def test_the_file_stays_readable_while_rows_live(modern_file: Path) -> None:
    particle = _open(modern_file).mu_plus
    gc.collect()
    assert len(ak.to_numpy(particle.px)) == 6


def test_coffeas_own_factory_takes_the_schema(modern_file: Path) -> None:
    rows = NanoEventsFactory.from_root(
        {str(modern_file): "variables"}, schemaclass=schema_of(LAYOUT), mode="virtual"
    ).events()
    np.testing.assert_array_equal(rows.mu_plus.px, _open(modern_file).mu_plus.px)


# Generations of basf2's ntuples, as stack-notes section 2 lists them.


def test_the_first_generation_has_floats_and_a_weight(tmp_path: Path) -> None:
    write_ntuple(tmp_path / "a.root", {"__weight__": np.ones(2, "f4"), "mu_p_px": np.array([1.5, 2.5], "f4")})
    rows = _open(tmp_path / "a.root", Layout({"mu_plus": "mu_p"}))
    assert rows.fields == ["inverse_sampling_rate", "mu_plus"]
    assert rows.mu_plus.px.tolist() == [1.5, 2.5]


def test_a_generation_without_production_gets_zero(
    tmp_path: Path, modern_columns: Callable[..., Columns]
) -> None:
    columns = modern_columns([1, 1, 2])
    del columns["__production__"]
    write_ntuple(tmp_path / "a.root", columns)
    rows = _open(tmp_path / "a.root", reads=("production", "n_tracks"))
    assert rows.production.tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.float64])
def test_event_numbers_are_the_same_in_all_generations(
    tmp_path: Path, modern_columns: Callable[..., Columns], dtype: type
) -> None:
    numbers = np.array([5, 2**31 - 1, 2**31 + 3, 2**32 - 1])
    columns = modern_columns([1, 2, 3, 4])
    columns["__event__"] = numbers.astype(np.uint32).astype(dtype)
    write_ntuple(tmp_path / "a.root", columns)
    events = ak.to_numpy(_open(tmp_path / "a.root").event)
    assert events.dtype == np.int64
    np.testing.assert_array_equal(events, numbers)


def test_all_counters_come_out_as_int64(modern_file: Path) -> None:
    rows = _open(modern_file)
    for name in ("experiment", "run", "event", "production", "candidate", "n_candidates"):
        assert ak.to_numpy(rows[name]).dtype == np.int64
