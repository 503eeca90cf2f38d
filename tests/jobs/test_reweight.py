from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from darkbelle.datasets import read_datasets
from darkbelle.jobs.cli import main


def test_a_simulated_sample_becomes_one_of_other_fractions(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        return result.stdout

    made, other = tmp_path / "made", tmp_path / "other"
    run("simulate", "tautau", "--option", "modes=[mu, pi]", "--events", "200", "--out", str(made))
    answer = json.loads(
        run(
            "reweight", str(made / "tautau_mu_pi.yaml"), "--sample", "tautau_mu_pi",
            "--tau-mode", "mu=0.08695", "--tau-mode", "pi=0.1082", "--out", str(other),
        )
    )  # fmt: skip
    # 0.08695 is half of 17.39 %
    assert answer["mean"] == pytest.approx(0.5)
    assert answer["effective"] == pytest.approx(answer["rows"])
    (name,) = read_datasets(other / f"{answer['name']}.yaml")
    assert name == "tautau_mu_pi_mu0.08695_pi0.1082"


def test_a_sample_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "datasets.yaml"
    one = "{process: mumu, files: [a.root], cross_section_fb: 1, generated_events: 1}"
    path.write_text(f"schema: 1\ndatasets:\n  one: {one}\n", encoding="utf-8")
    result = CliRunner().invoke(
        main, ["reweight", str(path), "--sample", "two", "--ctau", "1", "--out", str(tmp_path)]
    )
    assert result.exit_code == 2
    assert "no dataset 'two', it has: one" in result.output
