from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from darkbelle.errors import ConfigurationError
from darkbelle.fitting import compute_limits
from darkbelle.fitting.crosscheck import crosscheck
from darkbelle.jobs.cli import main


@pytest.fixture(scope="module")
def solved_run(toy_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("crosscheck") / "run"
    shutil.copytree(toy_run, run)
    compute_limits(run, engine="fast")
    return run


def test_engines_agree_and_the_file_says_so(solved_run: Path) -> None:
    found = crosscheck(solved_run, points=2)
    assert found.passed
    assert (found.engine, found.reference) == ("fast", "pyhf")
    assert len(found.comparisons) == 2
    for item in found.comparisons:
        assert item.difference is not None
        assert 0 < item.difference < 2e-4  # by different roads, but to what both claim
    content = json.loads((solved_run / "crosscheck.json").read_text())
    assert content["passed"] is True
    assert [item["mass"] for item in content["comparisons"]] == [item.mass for item in found.comparisons]


def test_the_choice_is_that_of_the_seed(solved_run: Path) -> None:
    def masses(seed: int) -> tuple[float, ...]:
        return tuple(item.mass for item in crosscheck(solved_run, points=1, seed=seed).comparisons)

    assert masses(3) == masses(3)
    assert len({masses(seed) for seed in range(6)}) > 1


def test_a_limit_that_is_not_that_of_the_run_disagrees(solved_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(solved_run, run)
    content = json.loads((run / "limits.json").read_text())
    content["points"][1]["expected"][4] *= 1.01
    (run / "limits.json").write_text(json.dumps(content))
    result = CliRunner().invoke(main, ["crosscheck", str(run), "--points", "3", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["passed"] is False
    found = crosscheck(run, points=3)
    assert not found.passed
    assert [item.verdict for item in found.comparisons] == ["agrees", "disagrees", "agrees"]
    assert found.comparisons[1].worst == "expected +2σ"
    assert found.comparisons[1].difference == pytest.approx(0.01, abs=2e-4)


def test_an_engine_is_not_checked_by_itself(solved_run: Path) -> None:
    with pytest.raises(ConfigurationError, match="choose another as reference"):
        crosscheck(solved_run, reference="fast")
