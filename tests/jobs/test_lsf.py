"""Job arrays for LSF: their text, and their script run by a shell as LSF would. LSF itself is not there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.condor.site import Site, load_site
from darkbelle.jobs.executors.condor import CondorExecutor, preview
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.lsf import job_array
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import merge_only, run
from darkbelle.jobs.share import process_share
from darkbelle.jobs.status import status

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples

CHANNEL = "zprime_invisible"


def test_the_job_array_of_kekcc() -> None:
    site = load_site("kekcc").model_copy(update={"python": "/opt/venv/bin/python"})
    assert job_array(Path("/group/run1"), 12, site, 1500) == (
        "#!/bin/sh\n"
        '#BSUB -J "darkbelle_run1[1-12]"\n'
        "#BSUB -n 1\n"
        '#BSUB -R "rusage[mem=1500]"\n'
        "#BSUB -o /group/run1/lsf-%J-%I.out\n"
        "#BSUB -q s\n"
        "export ARROW_NUM_THREADS=1\n"
        "export OMP_NUM_THREADS=1\n"
        "export OPENBLAS_NUM_THREADS=1\n"
        "export NUMBA_CACHE_DIR=$(mktemp -d)\n"
        "trap 'rm -rf \"$NUMBA_CACHE_DIR\"' EXIT\n"
        '/opt/venv/bin/python -m darkbelle.jobs.share /group/run1 "$LSB_JOBINDEX" 12\n'
    )


def test_what_is_ours_to_set_is_refused() -> None:
    site = Site(description="x", system="lsf", submit={"-J": "mine"})
    with pytest.raises(ConfigurationError, match="set -J, which darkbelle sets itself"):
        job_array(Path("/run"), 1, site)


def test_a_run_folder_that_lsf_cannot_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="holds spaces, quotes or %"):
        job_array(Path("/my run"), 1, Site(description="x", system="lsf"))


def test_a_run_with_nothing_left_to_do_needs_no_jobs() -> None:
    with pytest.raises(RunError, match=r"/run are processed, so no jobs are needed: darkbelle merge /run$"):
        job_array(Path("/run"), 0, Site(description="x", system="lsf"))


def test_the_script_of_every_element_together_makes_the_same_bytes(
    two_datasets: Path, tmp_path: Path, products: Callable[[Path], dict[str, bytes]]
) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path / "here")
    run(tmp_path / "here", LocalExecutor())
    planned = tmp_path / "run"
    chunks = make_plan(CHANNEL, two_datasets, planned, PlanOptions(chunk_rows=1500)).count_chunks()
    script = preview(planned, chunks, CondorExecutor(site="kekcc", chunks_per_job=2))
    assert f"[1-{-(-chunks // 2)}]" in script
    for index in range(1, -(-chunks // 2) + 1):
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            env={**os.environ, "LSB_JOBINDEX": str(index)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert merge_only(planned).failed == ()
    assert products(planned) == products(tmp_path / "here")


def test_what_fails_is_told_and_kept_for_status(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(50, 0, seed=1))
    lost = samples.add("data", "b.root", samples.ntuple(50, 0, seed=2))
    make_plan(CHANNEL, samples.write(), tmp_path / "run")
    lost.unlink()
    (failed,) = process_share(tmp_path / "run", 1, 1)
    assert failed.startswith(f"dataset 'data', file {lost}, entries 0 to ")
    found = status(tmp_path / "run", load_plan(tmp_path / "run"))
    assert [chunk.path for chunk in found.datasets["data"].failed] == [str(lost)]
    assert (found.datasets["mumu"].done, found.datasets["mumu"].missing) == (1, 0)


def test_there_are_as_many_shares_as_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no share 3 of 2; they are counted from 1 to 2"):
        process_share(tmp_path, 3, 2)


def test_a_site_with_lsf_is_not_submitted_to(two_datasets: Path, tmp_path: Path) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path)
    with pytest.raises(ConfigurationError, match="has LSF, which darkbelle writes a job file for"):
        run(tmp_path, CondorExecutor(site="kekcc"))
