"""The fast engine on all workspaces of the test set, beside pyhf's limits and the examined disagreements."""

from __future__ import annotations

from pathlib import Path

import pyhf
import pytest

from darkbelle.fitting.validation.pyhf_limits import minimiser, model_and_data
from darkbelle.fitting.validation.references import (
    AGREEMENT,
    Reference,
    difference,
    fast_limits,
    read_references,
    reference_of,
    write_references,
)
from darkbelle.fitting.validation.testset import KINDS, cases

FILE = Path(__file__).parent / "references.json"
REMADE = ("textbook-statistics", "counting-106", "few-311", "mixed-233", "large-405")  # small, of many kinds


@pytest.fixture(scope="module")
def references() -> dict[str, Reference]:
    return read_references(FILE)


def test_the_set_holds_what_it_should(references: dict[str, Reference]) -> None:
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names) >= 200
    assert sorted(references) == sorted(names)
    found = {
        modifier["type"]
        for case in cases()
        for channel in case.workspace["channels"]
        for sample in channel["samples"]
        for modifier in sample["modifiers"]
    }
    assert found == {kind for kind in KINDS if kind != "both"}


def test_limits_are_those_of_pyhf_or_of_the_lowest_minimum(references: dict[str, Reference]) -> None:
    wrong = {}
    for case in cases():
        limits = fast_limits(case)
        apart = difference((limits.observed, *limits.expected), references[case.name].best)
        if apart > AGREEMENT:
            wrong[case.name] = apart
    assert not wrong


def test_examined_disagreements_are_few(references: dict[str, Reference]) -> None:
    examined = [name for name, item in references.items() if item.scan]
    assert 0 < len(examined) < 0.1 * len(references)
    for name in examined:  # else there was nothing to examine
        apart = [difference(six, references[name].scan) for six in references[name].by.values()]
        assert not apart or max(apart) > AGREEMENT or len(apart) < 2


@pytest.mark.parametrize("name", REMADE)
def test_references_are_what_pyhf_says_now(name: str, references: dict[str, Reference]) -> None:
    (case,) = [case for case in cases() if case.name == name]
    remade = reference_of(case)
    assert difference(remade.best, references[name].best) < AGREEMENT / 10


@pytest.mark.parametrize("name", REMADE[:3])
def test_hypotest_of_pyhf_gives_the_level_at_the_limits(name: str) -> None:
    (case,) = [case for case in cases() if case.name == name]
    limits = fast_limits(case)
    with minimiser("slsqp"):
        model, data = model_and_data(case)
        assert float(pyhf.infer.hypotest(limits.observed, data, model)) == pytest.approx(0.05, rel=2e-4)
        for place, mu in enumerate(limits.expected):
            _, expected = pyhf.infer.hypotest(mu, data, model, return_expected_set=True)
            assert float(expected[place]) == pytest.approx(0.05, rel=2e-4)


@pytest.mark.long
def test_all_references_are_what_pyhf_says_now(
    references: dict[str, Reference], pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """Takes some ten minutes; with --regen it writes the file anew."""
    remade = {case.name: reference_of(case) for case in cases()}
    write_references(FILE if pytestconfig.getoption("--regen") else tmp_path / "references.json", remade)
    for name, item in remade.items():
        assert difference(item.best, references[name].best) < AGREEMENT, name
