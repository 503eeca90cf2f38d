from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
import pytest
import uproot
from click.testing import CliRunner, Result

from darkbelle.fitting.interpretation import MODELS
from darkbelle.jobs.cli import main
from darkbelle.jobs.commands import interpret, simulate
from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.run import run as run_command
from darkbelle.jobs.executors.registry import EXECUTORS
from darkbelle.simulation.samples.catalogue import Size

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples


def darkbelle(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def leaves(group: click.Group = main) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", leaf) for inner, leaf in leaves(command))
        else:
            yield name, command


@pytest.mark.parametrize("name", [name for name, _ in leaves()])
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    result = darkbelle(*name.split(), "--help")
    assert result.exit_code == 0
    command = dict(leaves())[name]
    assert command.help
    assert isinstance(command, ExampleCommand)
    assert command.example.startswith(f"darkbelle {name}")
    assert command.example in result.output


@pytest.mark.parametrize(("name", "command"), list(leaves()))
def test_every_option_has_help(name: str, command: click.Command) -> None:
    without = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not without, name


@pytest.mark.parametrize(("name", "command"), list(leaves()))
def test_every_example_is_understood(name: str, command: click.Command) -> None:
    assert isinstance(command, ExampleCommand)
    command.make_context(name, command.example.split()[1 + len(name.split()) :])


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, darkbelle.jobs.cli\n"
        "print([name for name in ('numpy', 'awkward', 'coffea', 'dask', 'pydantic', 'pyhf', 'rich') "
        "if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_choices_are_those_of_the_library() -> None:
    (executor,) = (p for p in run_command.params if p.name == "executor")
    assert isinstance(executor.type, click.Choice)
    assert sorted(executor.type.choices) == sorted(EXECUTORS)
    assert get_args(Size) == simulate.SIZES
    assert interpret.MODELS == MODELS


@pytest.fixture
def planned(samples: Samples, tmp_path: Path) -> Path:
    samples.add("mumu", "a.root", samples.ntuple(40, 0, 1))
    run = tmp_path / "run"
    result = darkbelle("plan", "zprime_invisible", "--datasets", samples.write(), "--out", run)
    assert result.exit_code == 0, result.output
    return run


def test_plan_run_status_and_verify_agree(planned: Path) -> None:
    assert darkbelle("status", planned).exit_code == 1  # nothing is done
    result = darkbelle("run", planned, "--executor", "local", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["merged"]
    rows = report["rows"]["mumu"]
    assert rows["planned"] == rows["processed"] > 40
    found = json.loads(darkbelle("status", planned, "--json").stdout)
    assert found["complete"]
    assert found["datasets"]["mumu"]["rows_done"] == rows["processed"]
    assert darkbelle("verify", planned).exit_code == 0
    again = darkbelle("retry", planned, "--executor", "local")
    assert again.exit_code == 0
    assert "0 processed, 1 were there" in again.stderr


def test_a_dry_run_prints_the_submit_file_and_writes_nothing(planned: Path) -> None:
    before = sorted(planned.rglob("*"))
    result = darkbelle(
        "run", planned, "--executor", "condor", "--site", "cern", "--memory", "1234", "--dry-run"
    )
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "# 1 chunks are missing: 1 jobs of up to 20 chunks"
    assert '+JobFlavour = "longlunch"' in lines
    assert "request_memory = 1234 MB" in lines
    assert lines[-1] == "queue group from groups.txt"
    assert sorted(planned.rglob("*")) == before


def test_only_a_batch_system_has_a_dry_run(planned: Path) -> None:
    result = darkbelle("run", planned, "--executor", "local", "--dry-run")
    assert result.exit_code == 2
    assert "only --executor condor has" in result.stderr


def test_a_pool_that_is_not_there_is_said_so(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CONDOR_CONFIG", raising=False)
    result = darkbelle("run", planned, "--executor", "condor")
    assert result.exit_code == 1
    assert "condor_submit is not on the PATH" in result.stderr


def test_packages_are_packed_for_other_machines_under_a_fitting_name(tmp_path: Path) -> None:
    result = darkbelle("pack", tmp_path / "packages.zip")
    assert result.exit_code == 2
    assert "is made as .tar.gz; call it so" in result.stderr


def test_there_is_nothing_to_cancel_where_nothing_was_submitted(planned: Path) -> None:
    result = darkbelle("cancel", planned)
    assert (result.exit_code, result.stdout) == (0, "nothing is in the queue\n")
    assert json.loads(darkbelle("cancel", planned, "--json").stdout) == {"clusters": []}
    assert darkbelle("cancel", planned / "nothing").exit_code == 1


def queue_of(planned: Path) -> None:
    """Give a run a batch of two jobs, one held, as its event log says."""
    folder = planned / "condor" / "batch-0001"
    folder.mkdir(parents=True)
    (folder / "batch.json").write_text('{"schema": 1, "jobs": 2}')
    (folder / "events.log").write_text(
        "000 (007.000.000) 2026-11-22 14:52:34 Job submitted from host: <127.0.0.1:9618>\n...\n"
        "000 (007.001.000) 2026-11-22 14:52:34 Job submitted from host: <127.0.0.1:9618>\n...\n"
        "012 (007.001.000) 2026-11-22 14:52:36 Job was held.\n\tno memory left\n\tCode 34 Subcode 0\n...\n"
    )


def test_status_shows_jobs_in_the_queue_and_why_they_are_held(planned: Path) -> None:
    queue_of(planned)
    result = darkbelle("status", planned)
    assert "HTCondor jobs" in result.stdout
    assert "held (memory): job 7.1: no memory left" in result.stderr
    (cluster,) = json.loads(darkbelle("status", planned, "--json").stdout)["condor"]
    assert (cluster["cluster"], cluster["idle"], cluster["held"], cluster["ended"]) == (7, 1, 1, 0)


def test_who_runs_elsewhere_is_told_of_jobs_in_the_queue(planned: Path) -> None:
    queue_of(planned)
    result = darkbelle("run", planned, "--executor", "local")
    assert result.exit_code == 0
    assert "HTCondor cluster 7 of this run has 2 jobs in the queue" in result.stderr


def test_run_prints_rows_in_and_processed(planned: Path) -> None:
    result = darkbelle("run", planned, "--executor", "local")
    assert "quarantined" in result.stdout
    assert "mumu" in result.stdout


def test_a_lost_chunk_ends_with_1_until_the_loss_is_allowed(planned: Path, samples: Samples) -> None:
    (samples.folder / "a.root").unlink()
    failed = darkbelle("run", planned, "--executor", "local")
    assert failed.exit_code == 1
    (line,) = (line for line in failed.stderr.splitlines() if line.startswith("failed (permanent): "))
    assert "a.root, entries 0 to " in line
    assert "cannot be read: No such file or directory; bring it back, or plan again without it" in line
    assert line in darkbelle("status", planned).stderr
    assert f"darkbelle merge {planned} --allow-loss" in failed.stderr
    assert darkbelle("merge", planned).exit_code == 1
    allowed = darkbelle("merge", planned, "--allow-loss")
    assert allowed.exit_code == 0
    assert "rows are quarantined" in allowed.stderr


def test_quarantined_files_end_a_run_with_1_unless_allowed(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(40, 0, 1))
    samples.add("mumu", "b.root").write_bytes(b"not ROOT")
    arguments = ("plan", "zprime_invisible", "--datasets", samples.write(), "--out", tmp_path / "run")
    refused = darkbelle(*arguments)
    assert refused.exit_code == 1
    assert "b.root" in refused.stderr
    planned = darkbelle(*arguments, "--quarantine", "--json")
    assert planned.exit_code == 0
    assert [item["kind"] for item in json.loads(planned.stdout)["quarantined"]] == ["unreadable"]
    assert darkbelle("run", tmp_path / "run", "--executor", "local").exit_code == 1
    assert darkbelle("run", tmp_path / "run", "--executor", "local", "--allow-loss").exit_code == 0


def test_errors_of_ours_are_messages_without_a_traceback(tmp_path: Path) -> None:
    result = darkbelle("run", tmp_path / "nothing", "--executor", "local")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.output


def test_wrong_configuration_ends_with_2(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(5, 0, 1))
    result = darkbelle("plan", "no_channel", "--datasets", samples.write(), "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "zprime_invisible" in result.stderr


def test_debug_keeps_the_error(tmp_path: Path) -> None:
    result = darkbelle("--debug", "run", tmp_path / "nothing", "--executor", "local")
    assert result.exception is not None
    assert "is not a folder" in str(result.exception)


def test_options_of_the_processor_reach_the_plan(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(5, 0, 1))
    arguments = ("plan", "zprime_invisible", "--datasets", samples.write(), "--out", tmp_path / "run")
    assert darkbelle(*arguments, "--option", "thresholds.max_dr=0.125").exit_code == 0
    assert (
        json.loads((tmp_path / "run" / "plan.json").read_text())["options"]["thresholds"]["max_dr"] == 0.125
    )
    wrong = darkbelle(*arguments, "--option", "thresholds.max_dq=1")
    assert wrong.exit_code == 2
    assert "max_dq" in wrong.stderr


def test_events_that_stand_twice_are_said_by_the_plan_if_asked_and_else_by_the_run(
    samples: Samples, tmp_path: Path
) -> None:
    samples.add("data", "a.root", samples.ntuple(20, 0, 1))
    samples.add("data", "b.root", samples.ntuple(20, 10, 2))
    arguments = ("plan", "zprime_invisible", "--datasets", samples.write(), "--out", tmp_path / "run")
    asked = darkbelle(*arguments, "--check-events")
    assert asked.exit_code == 1
    assert "b.root has 10 of its 20 events in common with" in asked.stderr
    assert darkbelle(*arguments).exit_code == 0
    found = darkbelle("run", tmp_path / "run", "--executor", "local")
    assert found.exit_code == 1
    assert "error: events stand twice, so nothing was merged" in found.stderr
    assert "b.root, entries 0 to" in found.stderr


def counting(folder: Path, background: float) -> Path:
    signal = {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    other = {"name": "b", "data": [background], "modifiers": []}
    parameter = {"name": "mu", "bounds": [[0.0, 1e5]]}
    path = folder / f"{background:g}.json"
    content = {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": [signal, other]}],
        "observations": [{"name": "sr", "data": [abs(background)]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": [parameter]}}],
    }
    path.write_text(json.dumps(content))
    return path


def test_limits_of_workspaces_from_anywhere(tmp_path: Path) -> None:
    good, bad = counting(tmp_path, 1e6), counting(tmp_path, -3.0)
    result = darkbelle("limits", "--workspaces", good, "--cl", "0.9", "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert found["expected"][2] == pytest.approx(1644.9, rel=2e-3)  # 1.645 √b
    toys = darkbelle(
        "limits",
        "--workspaces",
        counting(tmp_path, 2.0),
        "--toys",
        "1000",
        "--out",
        tmp_path / "toys",
        "--json",
    )
    assert len(json.loads(toys.stdout)[0]["toy_errors"]) == 6
    failed = darkbelle("limits", "--workspaces", good, bad)
    assert failed.exit_code == 1
    assert f"{bad} has no limit: sr/b is -3 in bin 0" in failed.stderr
    assert darkbelle("limits", good, bad).exit_code == 2
    assert darkbelle("limits", "--workspaces", good, "--mass", "1").exit_code == 2


def test_samples_are_listed_by_size() -> None:
    rows = json.loads(darkbelle("samples", "list", "zprime_invisible", "--json").stdout)
    assert {row["process"] for row in rows} >= {"zprime", "mumu", "tautau", "eemumu"}
    assert all(row["small"] <= row["demo"] <= row["full"] for row in rows)


def test_listed_samples_name_their_steering() -> None:
    rows = json.loads(darkbelle("samples", "list", "momentum_scale", "--json").stdout)
    assert {row["steering"] for row in rows} == {"d_star", "d_plus", "jpsi", "k_short"}


def test_the_cost_of_samples_is_measured() -> None:
    result = darkbelle("samples", "cost", "ks_displaced", "--events", "10", "--json")
    assert result.exit_code == 0, result.output
    rows = {row["process"]: row for row in json.loads(result.stdout)}
    assert rows["charged_b"]["σ·B [fb]"] == "540000"
    assert all(float(row["events/s"]) > 0 for row in rows.values())
    assert rows["uubar"]["made by"].startswith("e+e− → γ*")


@pytest.mark.slow
def test_the_simulation_is_validated_with_a_page(tmp_path: Path) -> None:
    result = darkbelle("samples", "validate", "--scale", "0.001", "--seed", "4", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "validation.md").read_text(encoding="utf-8")
    assert "samples validate --out FOLDER --seed 4 --scale 0.001" in text
    assert "| b_to_k_s_K+_mumu_1_1 | b_to_k_llp |" in text
    assert len(list(tmp_path.glob("*.png"))) == 7


def test_simulated_events_are_written_by_the_steering_asked_for(tmp_path: Path) -> None:
    arguments = ("simulate", "mumu", "--events", "50", "--seed", "1", "--out", tmp_path)
    assert darkbelle(*arguments, "--steering", "lepton_pairs").exit_code == 0
    with uproot.open(tmp_path / "mumu" / "mumu_0000.root") as file:
        assert {"channel", "l_p_px", "gamma_E"} <= set(file["variables"].keys())
    refused = darkbelle(*arguments, "--steering", "nothing")
    assert refused.exit_code == 2
    assert "there is no steering 'nothing'" in refused.stderr


def test_a_sample_may_be_of_another_detector_and_for_a_region(tmp_path: Path) -> None:
    arguments = ("simulate", "mumu", "--events", "20", "--seed", "1", "--out", tmp_path, "--json")
    made = darkbelle(*arguments, "--detector", "momentum_scale.strength=1", "--region", "sr")
    assert made.exit_code == 0, made.output
    dataset = json.loads(made.stdout)
    assert dataset["region"] == "sr"
    assert dataset["origin"]["detector"] == {"momentum_scale": {"strength": 1}}
    refused = darkbelle(*arguments, "--detector", "momentum_scale.size=1")
    assert refused.exit_code == 2
    assert "momentum_scale has no 'size'" in refused.stderr


def test_slim_files_give_the_same_result(samples: Samples, tmp_path: Path) -> None:
    path = samples.add("mumu", "a.root", samples.ntuple(200, 0, 1))
    wide, slim = samples.write(), tmp_path / "slim" / "datasets.yaml"
    made = darkbelle(
        "slim", path, "--channel", "zprime_invisible", "--format", "parquet", "--out", slim.parent
    )
    assert made.exit_code == 0, made.output
    slim.write_text(wide.read_text().replace("a.root", "a.parquet"))
    histograms = []
    for datasets in (wide, slim):
        run = datasets.parent / "run"
        planned = darkbelle("plan", "zprime_invisible", "--datasets", datasets, "--out", run)
        assert planned.exit_code == 0, planned.output
        assert darkbelle("run", run, "--executor", "local").exit_code == 0
        histograms.append((run / "histograms.json").read_bytes())
    assert histograms[0] == histograms[1]


def test_slim_needs_to_know_what_to_keep(samples: Samples, tmp_path: Path) -> None:
    path = samples.add("mumu", "a.root", samples.ntuple(5, 0, 1))
    assert darkbelle("slim", path, "--out", tmp_path / "slim").exit_code == 2


def test_doctor_tells_about_a_file(samples: Samples) -> None:
    columns = samples.ntuple(30, 0, 1)
    path = samples.add("mumu", "a.root", columns)
    result = darkbelle("doctor", path, "--channel", "zprime_invisible", "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["files"]
    assert found["facts"]["events"] == 30
    assert found["facts"]["rows"] == len(columns["__event__"])
    assert "gamma:hard" in found["facts"]["NaN or infinite"]


def test_doctor_finds_what_a_channel_would_miss(samples: Samples) -> None:
    columns = samples.ntuple(30, 0, 1)
    del columns["mu_m_dz"]
    path = samples.add("mumu", "a.root", columns)
    assert darkbelle("doctor", path).exit_code == 0
    result = darkbelle("doctor", path, "--channel", "zprime_invisible")
    assert result.exit_code == 1
    assert "mend:" in result.stderr
    assert "mu_m_dz" in result.stderr


def test_doctor_survives_a_file_that_is_not_one(tmp_path: Path) -> None:
    result = darkbelle("doctor", tmp_path / "nothing.root")
    assert result.exit_code == 1
    assert "nothing.root" in result.stderr


def test_doctor_looks_at_the_installation() -> None:
    facts = json.loads(darkbelle("doctor", "--json").stdout)["environment"]["facts"]
    assert {"python", "numpy", "cores", "numba cache", "free disk"} <= set(facts)
