"""The text of a submit file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from darkbelle.errors import ConfigurationError
from darkbelle.jobs.condor.batch import GROUPS, Batch
from darkbelle.jobs.condor.site import Site

__all__ = ["Submission", "environment_of_jobs"]

# one thread a job, whatever numpy, Arrow and their like find on the machine
SINGLE_THREADED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Submission:
    """All that the submit file of a batch says.

    Parameters
    ----------
    folder
        Of the batch.
    name
        Under which ``condor_q`` shows it.
    memory
        Of a job, MB.
    environment
        Variables of the jobs, which inherit none.
    """

    folder: Path
    name: str
    site: Site
    memory: int
    environment: Mapping[str, str] = field(default_factory=lambda: environment_of_jobs(os.environ))

    @classmethod
    def of(cls, batch: Batch, site: Site, memory: int | None = None) -> Submission:
        """Return what to submit for a batch from this process."""
        folder = batch.folder.resolve()
        return cls(folder, f"darkbelle {folder.parents[1].name}", site, memory or site.memory)

    def text(self) -> str:
        """Return the submit file.

        Raises
        ------
        ConfigurationError
            The site sets what is ours to set, or a text holds what no submit file can.
        """
        site = self.site
        ours = {
            "universe": "vanilla",
            "executable": _literal(site.python or sys.executable),
            "transfer_executable": "False",
            "arguments": _quoted("-m", "darkbelle.jobs.worker", str(self.folder))[:-1] + ' $(group)"',
            "environment": _quoted(*(f"{name}={value}" for name, value in sorted(self.environment.items()))),
            "initialdir": _literal(str(self.folder)),
            "output": "$(ProcId).out",
            "error": "$(ProcId).err",
            "log": "events.log",
            "batch_name": _literal(self.name),
            "request_cpus": str(site.cpus),
            "request_memory": f"{self.memory} MB",
            "request_disk": f"{site.disk} MB",
            "max_retries": str(site.retries),
        }
        if site.max_idle is not None:
            ours["max_idle"] = str(site.max_idle)
        clash = sorted({name.lower() for name in site.submit} & set(ours))
        if clash:
            raise ConfigurationError(
                f"the site's submit lines set {', '.join(clash)}, which darkbelle sets itself; drop them"
            )
        lines = [f"{name} = {value}" for name, value in {**ours, **site.submit}.items()]
        return "\n".join([*lines, f"queue group from {GROUPS}", ""])


def environment_of_jobs(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that jobs get of those of this process: where to import from, and no threads.

    Folders to import from are made absolute, because jobs start elsewhere.

    >>> environment_of_jobs({"PYTHONPATH": "/here/src", "HOME": "/root"})["PYTHONPATH"]
    '/here/src'
    """
    folders = [
        str(Path(folder).resolve())
        for folder in environment.get("PYTHONPATH", "").split(os.pathsep)
        if folder
    ]
    return {**SINGLE_THREADED, **({"PYTHONPATH": os.pathsep.join(folders)} if folders else {})}


def _literal(text: str) -> str:
    """Return text in which HTCondor expands nothing."""
    if "\n" in text:
        raise ConfigurationError(f"{text!r} holds a line break, which a submit file cannot hold; rename it")
    return text.replace("$", "$(DOLLAR)")


def _quoted(*words: str) -> str:
    """Return words as HTCondor's quoted list, in which spaces, quotes and dollars are safe.

    >>> print(_quoted("-m", "a b", "it's"))
    "-m 'a b' 'it''s'"
    """
    marked = (
        "'" + word.replace("'", "''") + "'" if any(c in word for c in " \t'") else word for word in words
    )
    return '"' + _literal(" ".join(marked)).replace('"', '""') + '"'
