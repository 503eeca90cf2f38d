"""The text of a submit file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from darkbelle.errors import ConfigurationError
from darkbelle.jobs.condor.batch import GROUPS, Batch
from darkbelle.jobs.condor.parcel import COMMON
from darkbelle.jobs.condor.site import Site

__all__ = ["Submission", "environment_of_jobs"]

# one thread a job, whatever numpy, Arrow and their like find on the machine
SINGLE_THREADED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Submission:
    """All that the submit file of a batch says.

    Parameters
    ----------
    batch, site
        The jobs, and where they go.
    name
        Under which ``condor_q`` shows it.
    memory
        Of a job, MB.
    environment
        Variables of the jobs, which inherit none.
    """

    batch: Batch
    name: str
    site: Site
    memory: int
    environment: Mapping[str, str] = field(default_factory=lambda: environment_of_jobs(os.environ))

    @classmethod
    def of(cls, batch: Batch, site: Site, memory: int | None = None) -> Submission:
        """Return what to submit for a batch from this process."""
        batch = replace(batch, folder=batch.folder.resolve())
        return cls(batch, f"darkbelle {batch.run.name}", site, memory or site.memory)

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
            **(self._transferred() if self.batch.transferred else self._shared()),
            "transfer_executable": "False",
            "initialdir": _literal(str(self.batch.folder)),
            "output": "$(ProcId).out",
            "error": "$(ProcId).err",
            "log": "events.log",
            "batch_name": _literal(self.name),
            "request_cpus": str(site.cpus),
            "request_memory": f"{self.memory} MB",
            "request_disk": f"{site.disk + self.batch.sent} MB",
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
        variables = "group, journal, results, along" if self.batch.transferred else "group"
        return "\n".join([*lines, f"queue {variables} from {GROUPS}", ""])

    def _shared(self) -> dict[str, str]:
        """Return the lines of jobs that work in our own folders."""
        worker = _quoted("-m", "darkbelle.jobs.worker", str(self.batch.folder))
        return {
            "executable": _literal(self.site.python or sys.executable),
            "arguments": worker[:-1] + ' $(group)"',
            "environment": _variables(self.environment),
        }

    def _transferred(self) -> dict[str, str]:
        """Return the lines of jobs that get all that they need, and bring back all that they did."""
        archive, python = self.site.environment, sys.executable
        common = [*COMMON]
        if archive is not None:
            if not archive.is_file():
                raise ConfigurationError(
                    f"the archive {archive} that the site file names as environment does not exist; make it: "
                    f"darkbelle pack {archive}"
                )
            common.append(_in_list(archive.resolve()))
            python = base_python()  # the packages are in the archive
        return {
            "executable": _literal(self.site.python or python),
            "arguments": '"start.py $(group)"',
            "environment": _variables(SINGLE_THREADED),
            "should_transfer_files": "YES",
            "when_to_transfer_output": "ON_EXIT",
            "transfer_input_files": ",".join([*common, "$(along)"]),
            "transfer_output_files": "$(journal),$(results)",
        }


def base_python() -> str:
    """Return the Python that the environment of this process was made from."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


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


def _variables(environment: Mapping[str, str]) -> str:
    return _quoted(*(f"{name}={value}" for name, value in sorted(environment.items())))


def _in_list(path: Path) -> str:
    """Return a path as one of a list of files."""
    if "," in str(path):
        raise ConfigurationError(f"{path} holds a comma, which HTCondor's lists of files cannot; rename it")
    return _literal(str(path))


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
