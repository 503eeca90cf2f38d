"""Begin a job on a machine that shares no folder with the one that submitted it.

Goes along with the jobs and runs there on plain Python: no package is at hand yet. Archives that came
along are unpacked, and the worker is started on them.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

PACKAGES = "packages"


def main() -> None:
    """Start the worker on the group of chunks that the command line names."""
    group = Path(sys.argv[1])
    # what is to come back has to be there, whatever happens
    group.with_suffix(".results").mkdir(exist_ok=True)
    group.with_suffix(".journal").touch()
    planned = json.loads(group.read_bytes())["installation"]["python"]
    if platform.python_version() != planned:
        sys.exit(
            f"{platform.node()} runs jobs with Python {platform.python_version()}, the run was planned with "
            f"{planned}; name a Python of that version in the site file, as python"
        )
    packages = Path(PACKAGES).resolve()
    for archive in sorted(Path().glob("*.tar.gz")):
        with tarfile.open(archive) as content:
            content.extraction_filter = getattr(tarfile, "data_filter", None)  # none before Python 3.11.4
            content.extractall(packages)  # noqa: S202  # we have made it
        archive.unlink()  # the space may be scarce
    environment = {**os.environ, "PYTHONPATH": str(packages), "PYTHONNOUSERSITE": "1"}
    arguments = [sys.executable, "-m", "darkbelle.jobs.worker", ".", group.name]
    code = subprocess.run(arguments, env=environment, check=False).returncode
    # thousands of files: HTCondor, which starts no other job while it removes them, kills what takes long
    shutil.rmtree(packages, ignore_errors=True)
    if code < 0:  # the worker was killed, and so that HTCondor sees it
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
