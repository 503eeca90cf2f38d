from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from darkbelle.fitting.engines.base import Failure, UpperLimit
from darkbelle.fitting.engines.fast_engine import upper_limits
from darkbelle.fitting.engines.pyhf_engine import upper_limit

Draw = Callable[..., dict[str, Any]]


def test_a_batch_gives_one_outcome_a_workspace_and_reports_progress(draw: Draw) -> None:
    workspaces = [draw(seed, ("both", "staterror")) for seed in (71, 72, 73)]
    workspaces[1]["channels"][0]["samples"][0]["modifiers"].append({"type": "odd", "name": "x", "data": None})
    before = copy.deepcopy(workspaces)
    seen: list[tuple[int, int]] = []
    outcomes = upper_limits(workspaces, 0.9, progress=lambda done, total: seen.append((done, total)))
    assert [type(outcome) for outcome in outcomes] == [UpperLimit, Failure, UpperLimit]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert workspaces == before


def test_it_agrees_with_the_reference_engine(draw: Draw) -> None:
    workspace = draw(74, ("normsys", "both", "staterror", "shapesys"), bins=3)
    (ours,) = upper_limits([workspace], 0.9)
    theirs = upper_limit(workspace, 0.9)
    assert isinstance(ours, UpperLimit)
    assert ours.observed == pytest.approx(theirs.observed, rel=1e-4)
    assert ours.expected == pytest.approx(theirs.expected, rel=1e-4)
    assert ours.best_fit == pytest.approx(theirs.best_fit, abs=1e-3)
    assert ours.significance == pytest.approx(theirs.significance, abs=1e-3)
