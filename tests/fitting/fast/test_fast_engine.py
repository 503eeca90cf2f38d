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


def crossed(*, twice: bool) -> dict[str, Any]:
    """One bin with an uncertainty of its background, or with it written down twice, which only pyhf takes."""
    norm = {"type": "normsys", "name": "b", "data": {"hi": 1.03, "lo": 0.97}}
    samples = [
        {"name": "s", "data": [4.0], "modifiers": [{"type": "normfactor", "name": "mu", "data": None}]},
        {"name": "b", "data": [60.0], "modifiers": [norm] * (1 + twice)},
    ]
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": samples}],
        "observations": [{"name": "sr", "data": [62.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }


def test_what_it_cannot_solve_is_solved_by_pyhf_and_says_so() -> None:
    seen: list[tuple[int, int]] = []
    plain, rescued = upper_limits(
        [crossed(twice=False), crossed(twice=True)],
        0.95,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert isinstance(plain, UpperLimit)
    assert isinstance(rescued, UpperLimit)
    assert plain.rescued_from == ""
    assert "two modifiers of one type and name" in rescued.rescued_from
    assert rescued.observed == pytest.approx(upper_limit(crossed(twice=True), 0.95).observed)
    assert seen == [(1, 2), (2, 2)]


def test_what_neither_solves_fails_with_both_reasons(draw: Draw) -> None:
    workspace = draw(75, ("both",))
    workspace["measurements"][0]["config"]["parameters"] = [{"name": "mu", "bounds": [[-5.0, 10.0]]}]
    (outcome,) = upper_limits([workspace], 0.9)
    assert isinstance(outcome, Failure)
    assert outcome.reason.count("has the lower bound -5") == 2


def test_it_agrees_with_the_reference_engine(draw: Draw) -> None:
    workspace = draw(74, ("normsys", "both", "staterror", "shapesys"), bins=3)
    (ours,) = upper_limits([workspace], 0.9)
    theirs = upper_limit(workspace, 0.9)
    assert isinstance(ours, UpperLimit)
    assert ours.observed == pytest.approx(theirs.observed, rel=1e-4)
    assert ours.expected == pytest.approx(theirs.expected, rel=1e-4)
    assert ours.best_fit == pytest.approx(theirs.best_fit, abs=1e-3)
    assert ours.significance == pytest.approx(theirs.significance, abs=1e-3)
