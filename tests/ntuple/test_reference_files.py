from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from darkbelle.beams import NOMINAL
from darkbelle.ntuple.candidates import group_candidates, multiplicity
from darkbelle.ntuple.describing import describe_file
from darkbelle.ntuple.keys import event_keys, keys_of_rows
from darkbelle.ntuple.quality import count_missing
from darkbelle.ntuple.reading import Layout, RowRange, columns_read, open_rows

pytestmark = pytest.mark.reference


def test_the_wide_file_has_766_branches_of_717_names(reference: Path) -> None:
    description = describe_file(reference / "wide_fei.root")
    assert description.entries == 211
    assert len(description.branches) == 717
    assert len(description.duplicates) == 44
    assert sum(description.duplicates.values()) - 44 == 766 - 717
    assert description.unequal_duplicates == ()


@pytest.mark.parametrize(
    ("name", "tree", "particles"),
    [
        ("kstar_jpsi_candidates.root", "tree", {"b": ""}),
        ("wide_fei.root", "variables", {"y4s": "", "tag": "Btag_d1", "signal": "Bsig_d0"}),
    ],
)
def test_both_files_read_whole_and_as_uproot_reads_them(
    reference: Path, name: str, tree: str, particles: dict[str, str]
) -> None:
    path = str(reference / name)
    description = describe_file(path, tree)
    rows = open_rows(RowRange(path, tree, 0, description.entries), Layout(particles, tree=tree))
    columns = {
        f"{particle}.{field}": ak.to_numpy(rows[particle][field])
        for particle in particles
        for field in rows[particle].fields
    }
    for counter in ("experiment", "run", "event", "candidate", "n_candidates", "inverse_sampling_rate"):
        ak.to_numpy(rows[counter])
    assert set(columns_read(rows)) == set(description.branches)

    with uproot.open(path) as file:
        expected = {branch.name: branch.array(library="np") for branch in file[tree].branches}
    for particle, prefix in particles.items():
        begin = f"{prefix}_" if prefix else ""
        for field in rows[particle].fields:
            branch = begin + {"energy": "E"}.get(field, field.removeprefix("stored_"))
            if branch in expected:  # else it is an alias
                np.testing.assert_array_equal(columns[f"{particle}.{field}"], expected[branch])

    missing = count_missing(columns)
    everything = sum(np.count_nonzero(np.isnan(column)) for column in columns.values())
    assert sum(missing.values()) == everything


def test_candidates_of_the_kstar_file_are_6425_events(reference: Path) -> None:
    path = str(reference / "kstar_jpsi_candidates.root")
    rows = open_rows(RowRange(path, "tree", 0, 30771), Layout({"b": ""}, tree="tree"))
    events = group_candidates(rows)
    assert len(events) == 6425
    np.testing.assert_array_equal(ak.num(events), ak.firsts(events.n_candidates))
    keys = keys_of_rows(rows)
    np.testing.assert_array_equal(keys.hashes(), event_keys(path, "tree").hashes())
    assert len(np.unique(keys.row_hashes())) == 30771
    counts = multiplicity(keys, n_candidates=ak.to_numpy(rows.n_candidates))
    assert counts["candidates/events_cut_before"] == 0


def test_the_vector_of_a_candidate_gives_its_stored_beam_constrained_mass(reference: Path) -> None:
    path = str(reference / "kstar_jpsi_candidates.root")
    rows = open_rows(RowRange(path, "tree", 0, 1000), Layout({"b": ""}, {"mbc": "Mbc"}, tree="tree"))
    along = NOMINAL.px * rows.b.px + NOMINAL.py * rows.b.py + NOMINAL.pz * rows.b.pz
    energy_cm = (NOMINAL.energy * rows.b.energy - along) / NOMINAL.sqrt_s
    momentum2_cm = energy_cm**2 - np.asarray(rows.b.mass) ** 2
    mbc = np.sqrt(NOMINAL.sqrt_s**2 / 4 - momentum2_cm)
    np.testing.assert_allclose(rows.mbc, mbc, rtol=1e-9)
