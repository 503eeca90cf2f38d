"""The text of an LSF job array, to be handed to ``bsub`` by hand. It has not been tried on a site.

Each element of the array does a share of the plan with `darkbelle.jobs.share`; nobody watches over them.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.condor.site import Site
from darkbelle.jobs.condor.submission import SINGLE_THREADED

__all__ = ["job_array"]


def job_array(run: Path, jobs: int, site: Site, memory: int | None = None) -> str:
    """Return the script of so many jobs on a run folder, each with so much memory in MB.

    Raises
    ------
    ConfigurationError
        The path of the run holds what LSF gives a meaning to, or the site sets what is ours to set.
    RunError
        There is nothing for jobs to do.
    """
    if jobs < 1:  # LSF refuses an array without elements, and does not say why
        raise RunError(f"all chunks of {run} are processed, so no jobs are needed: darkbelle merge {run}")
    run = run.resolve()
    if re.search(r"""[\s"'%]""", str(run)):
        raise ConfigurationError(
            f"the run folder {run} holds spaces, quotes or %, which LSF does not take in the name of an "
            "output file; rename it"
        )
    options = {
        "-J": f'"darkbelle_{run.name}[1-{jobs}]"',
        "-n": str(site.cpus),
        "-R": f'"rusage[mem={memory or site.memory}]"',
        "-o": f"{run}/lsf-%J-%I.out",
    }
    clash = sorted(set(options) & set(site.submit))
    if clash:
        raise ConfigurationError(
            f"the site's submit lines set {', '.join(clash)}, which darkbelle sets itself; drop them"
        )
    lines = [f"#BSUB {name} {value}".rstrip() for name, value in {**options, **site.submit}.items()]
    variables = [f"export {name}={value}" for name, value in sorted(SINGLE_THREADED.items())]
    python = shlex.quote(site.python or sys.executable)
    return "\n".join(
        [
            "#!/bin/sh",
            *lines,
            *variables,
            "export NUMBA_CACHE_DIR=$(mktemp -d)",
            "trap 'rm -rf \"$NUMBA_CACHE_DIR\"' EXIT",
            f'{python} -m darkbelle.jobs.share {shlex.quote(str(run))} "$LSB_JOBINDEX" {jobs}',
            "",
        ]
    )
