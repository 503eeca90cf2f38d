"""Pseudo-experiments as jobs of a real HTCondor pool; skipped where there is none."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.jobs.test_toys import recipes, the_bytes

import darkbelle
from darkbelle.errors import IncompleteRunError
from darkbelle.fitting.studies.recipes import in_process
from darkbelle.jobs.condor.batch import batches
from darkbelle.jobs.condor.queue import queued
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.toys import store_maker

pytestmark = [pytest.mark.condor, pytest.mark.usefixtures("pool"), pytest.mark.timeout(600)]


def far(folder: Path, python: str | None = None) -> str:
    """A site file of machines that share no folder."""
    content = {"description": "no shared folder", "memory": 900, "disk": 200, "transfer": "files"}
    file = folder / "site.yaml"
    file.write_text(json.dumps(content | ({"python": python} if python else {})))
    return str(file)


def without(folder: Path, hidden: Path) -> str:
    """Return a Python that sees a folder empty, as it would on another machine."""
    program = folder / "python"
    program.write_text(
        "#!/bin/sh\nexec unshare --user --map-root-user --mount /bin/sh -c '"
        f'mount -t tmpfs none "{hidden}" && ls -A "{hidden}" || exit 77; '
        f'exec {sys.executable} "$0" "$@"\' "$@"\n'
    )
    program.chmod(0o755)
    return str(program)


def test_recipes_go_along_to_machines_that_share_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "toys"
    folder.mkdir()
    executor = CondorExecutor(site=far(tmp_path, without(tmp_path, folder)), chunks_per_job=3, interval=0.5)
    assert the_bytes(store_maker(folder, executor, batch=180)(recipes())) == the_bytes(
        in_process()(recipes())
    )
    (batch,) = batches(folder)
    assert (batch.folder / "0.out").read_text() == ""  # the folder was empty there
    assert list(batch.brought_back()) == []


STUDY = """
import sys
from tests.jobs.test_toys import recipes
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.toys import store_maker
store_maker(sys.argv[1], CondorExecutor(site=sys.argv[2], chunks_per_job=3), batch=180)(recipes())
"""


def test_experiments_that_came_back_while_nobody_waited_are_taken_in(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    folder, site = tmp_path / "toys", far(tmp_path)
    search = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    driver = subprocess.Popen(
        [sys.executable, "-c", STUDY, str(folder), site], env={**os.environ, "PYTHONPATH": search}
    )
    until(lambda: any(batch.state().cluster is not None for batch in batches(folder)), 120)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    until(lambda: queued(folder) == [], 300)
    (batch,) = batches(folder)
    assert len(list(batch.brought_back())) == 6
    executor = CondorExecutor(site=site, chunks_per_job=3, interval=0.5)
    assert the_bytes(store_maker(folder, executor, batch=180)(recipes())) == the_bytes(
        in_process()(recipes())
    )
    assert batches(folder) == [batch]  # nothing was submitted again


def test_a_job_with_other_sources_of_fits_makes_no_experiments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    shutil.copytree(Path(darkbelle.__file__).parent, other / "darkbelle")
    with (other / "darkbelle" / "fitting" / "studies" / "ensembles.py").open("a") as file:
        file.write("# changed\n")
    monkeypatch.setenv("PYTHONPATH", str(other))  # which jobs are given, and we have imported ours
    make = store_maker(tmp_path / "toys", CondorExecutor(memory=900, interval=0.5))
    with pytest.raises(
        IncompleteRunError,
        match=r"1 of 1 batches of experiments failed.*other sources of darkbelle than the driver.*restart",
    ):
        make(recipes()[:1])
