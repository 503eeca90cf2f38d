from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkbelle.ntuple.joining import count_unmatched, match_events
from darkbelle.ntuple.keys import EventKeys
from darkbelle.ntuple.reading import JoinedRange, Layout, RowRange, columns_read, open_rows
from darkbelle.ntuple.writing import write_trees

Key = tuple[int, int, int, int]
keys_of_runs = st.lists(
    st.tuples(*[st.integers(0, 1)] * 2, st.integers(0, 3), st.integers(0, 1)), max_size=12
)


def _keys(keys: Sequence[Key]) -> EventKeys:
    columns = np.array(keys, dtype=np.int64).reshape(-1, 4).T
    return EventKeys(*(np.ascontiguousarray(column) for column in columns))


def _columns(events: list[int], **others: NDArray[Any]) -> dict[str, NDArray[Any]]:
    n = len(events)
    return {
        "__experiment__": np.full(n, 1003, dtype=np.int32),
        "__run__": np.full(n, 5, dtype=np.int32),
        "__event__": np.array(events, dtype=np.uint32),
        **others,
    }


@given(keys_of_runs, keys_of_runs)
@settings(deadline=None)
def test_each_row_finds_all_rows_of_its_event(keys: list[Key], others: list[Key]) -> None:
    match = match_events(_keys(keys), _keys(others))
    for i, key in enumerate(keys):
        found = match.order[match.starts[i] : match.stops[i]].tolist()
        assert found == [j for j, other in enumerate(others) if other == key]
    assert match.unmatched.tolist() == [j for j, other in enumerate(others) if other not in keys]


def test_the_other_tree_becomes_a_list_in_each_row(tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    energies = np.array([40.0, 30.0, 90.0, 31.0])
    write_trees(
        path,
        {
            "Z": _columns([3, 3, 5, 4], mu_p_px=np.arange(4.0)),
            "photons": _columns([4, 3, 9, 3], E=energies, **{"useCMSFrame(E)": energies / 2}),
        },
    )
    layout = Layout({"mu_plus": "mu_p"}, tree="Z", joined_trees=("photons",))
    rows = open_rows(RowRange(str(path), "Z", 0, 4), layout)
    assert rows.photons.energy.tolist() == [[30.0, 31.0], [30.0, 31.0], [], [40.0]]
    assert rows.photons["useCMSFrame(E)"].tolist() == [[15.0, 15.5], [15.0, 15.5], [], [20.0]]
    assert count_unmatched(rows, ("photons",)) == {"unmatched/photons": 1}
    assert columns_read(rows) == ()

    some = open_rows(RowRange(str(path), "Z", 1, 3, (JoinedRange("photons", 0, 3),)), layout)
    assert some.photons.energy.tolist() == [[30.0], []]


def test_particles_of_a_joined_tree_are_lorentz_vectors_if_they_have_momenta(tmp_path: Path) -> None:
    momentum = {
        "px": np.array([3.0, 0.0]),
        "py": np.array([4.0, 0.0]),
        "pz": np.zeros(2),
        "E": np.array([5.0, 2.0]),
    }
    path = tmp_path / "a.root"
    write_trees(path, {"variables": _columns([1, 2]), "photons": _columns([1, 1], **momentum)})
    rows = open_rows(RowRange(str(path), "variables", 0, 2), Layout(joined_trees=("photons",)))
    assert rows.photons.mass.tolist() == [[0.0, 2.0], []]
    assert rows.photons.sum(axis=1).energy.tolist() == [7.0, 0.0]
