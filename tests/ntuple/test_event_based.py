from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from darkbelle.errors import NtupleError
from darkbelle.ntuple.describing import describe_file
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.ntuple.slimming import slim

LAYOUT = Layout({"mu_plus": "mu_p"}, {"n_tracks": "nTracks"})


@pytest.fixture
def event_based(tmp_path: Path) -> Path:
    """Events of 2, 0, 130 and 100 candidates, as VariablesToEventBasedTree writes them."""
    counts = np.array([2, 0, 130, 100])
    values = ak.unflatten(np.arange(counts.sum(), dtype=np.float64), counts)
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        jagged = {f"mu_p_{name}": "var * float64" for name in ("px", "py", "pz", "E")}
        flat = {"__experiment__": "int32", "__run__": "int32", "__event__": "uint32", "nTracks": "float64"}
        tree = file.mktree("variables", flat | jagged, counter_name=lambda _: "__ncandidates__")
        tree.extend(
            {
                **{name: values + i for i, name in enumerate(jagged)},
                **dict.fromkeys(("__experiment__", "__run__"), np.ones(4, dtype=np.int32)),
                "__event__": np.arange(4, dtype=np.uint32),
                "nTracks": np.full(4, 2.0),
            }
        )
    return path


def test_particles_are_lists_and_columns_are_not(event_based: Path) -> None:
    events = open_rows(RowRange(str(event_based), "variables", 0, 2), LAYOUT)
    assert events.mu_plus.px.tolist() == [[0.0, 1.0], []]
    assert events.mu_plus.energy.tolist() == [[3.0, 4.0], []]
    assert events.n_tracks.tolist() == [2.0, 2.0]
    assert events.mu_plus.mass.ndim == 2


def test_garbage_past_the_maximum_is_cut_off_and_flagged(event_based: Path) -> None:
    events = open_rows(RowRange(str(event_based), "variables", 1, 4), LAYOUT)
    assert ak.num(events.mu_plus.px).tolist() == [0, 100, 100]
    assert events.n_candidates.tolist() == [0, 130, 100]
    assert events.clipped.tolist() == [False, True, False]
    # the third event begins with candidate 132, not with the garbage of the one before
    assert events.mu_plus.px[1, -1] == 2 + 99
    assert events.mu_plus.px[2, 0] == 132


def test_another_maximum_can_be_declared(event_based: Path) -> None:
    layout = Layout({"mu_plus": "mu_p"}, max_candidates=1)
    events = open_rows(RowRange(str(event_based), "variables", 0, 4), layout)
    assert ak.num(events.mu_plus.px).tolist() == [1, 0, 1, 1]
    assert events.clipped.tolist() == [True, False, True, True]


def test_a_description_says_that_rows_are_events(event_based: Path) -> None:
    assert describe_file(event_based).event_based


def test_lists_cannot_be_slimmed(event_based: Path, tmp_path: Path) -> None:
    with pytest.raises(NtupleError, match="'mu_p_px' of tree 'variables' holds a list in each row"):
        slim([event_based], ["mu_p_px"], tmp_path / "out")
