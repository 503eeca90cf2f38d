"""What goes along with jobs to machines that share no folder with us, and what they bring back.

::

    start.py                   begins a job, on plain Python
    darkbelle.tar.gz           the code as it is here
    inputs/00000-a.root        links to ntuples, or recipes of pseudo-experiments; the number tells files of
                               the same name apart
    group-00000.journal        what earlier starts of the job have said, empty at first
    group-00000.results/       comes back: a result store of its own
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from darkbelle.errors import ConfigurationError
from darkbelle.jobs.condor import start
from darkbelle.jobs.condor.site import Site
from darkbelle.jobs.packing import pack_code
from darkbelle.jobs.tasks import Task, ToyTask

__all__ = ["COMMON", "Inputs", "write_common"]

START: Final = "start.py"
CODE: Final = "darkbelle.tar.gz"
COMMON: Final = (START, CODE)  # to every job
INPUTS: Final = "inputs"


def write_common(folder: Path) -> None:
    """Write what goes along with every job of a batch into its folder."""
    shutil.copyfile(start.__file__, folder / START)
    pack_code(folder / CODE)


@dataclass
class Inputs:
    """The files that jobs of a batch are sent: knows their names there, and how they are fetched.

    Parameters
    ----------
    folder
        Of the batch; links to the files are made in it.
    site
        Whether ntuples are sent at all, and where from.
    """

    folder: Path
    site: Site
    _names: dict[str, str] = field(default_factory=dict)  # there, by path here
    _sources: dict[str, str] = field(default_factory=dict)  # for HTCondor, by name there

    def of(self, tasks: Sequence[Task]) -> dict[str, str]:
        """Return the names that the files of some tasks have in the folder of the job, by their paths."""
        found = {}
        for task in tasks:
            # recipes were written a moment ago, into a folder that nobody but us sees
            ours = isinstance(task, ToyTask)
            if ours or self.site.inputs != "mounted":
                found[task.path] = self._name(task.path, None if ours else _url(task.path, self.site.urls))
        return found

    def sources(self, names: Iterable[str]) -> Iterator[str]:
        """Yield what HTCondor is to fetch to get files of these names."""
        return (self._sources[name] for name in names)

    def _name(self, path: str, url: str | None) -> str:
        if path not in self._names:
            name = _plain(Path(path).name) if url is None else url.rsplit("/", 1)[-1]
            if url is None:
                name = f"{len(self._names):05d}-{name}"
                link = self.folder / INPUTS / name
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(Path(path).resolve())
            elif name in self._sources:
                raise ConfigurationError(
                    f"{url} and {self._sources[name]} would both be called {name} in the folder of a job; "
                    "rename one, or let HTCondor send it from here: drop its line under urls in the site file"
                )
            self._names[path] = name
            self._sources[name] = url or f"{INPUTS}/{name}"
        return self._names[path]


def _url(path: str, urls: Mapping[str, str]) -> str | None:
    """Return the URL of a path under the longest beginning that has one.

    >>> _url("/pnfs/a/b.root", {"/pnfs/": "root://door//pnfs/"})
    'root://door//pnfs/a/b.root'
    """
    fitting = [start for start in urls if path.startswith(start)]
    if not fitting:
        return None
    longest = max(fitting, key=len)
    url = urls[longest] + path.removeprefix(longest)
    if re.search(r"[\s,]", url):
        raise ConfigurationError(
            f"{url!r} holds a space or a comma, which a list of URLs cannot; rename the file"
        )
    return url


def _plain(name: str) -> str:
    """Return a name with what HTCondor's lists of files give a meaning to replaced.

    >>> _plain("my file,1.root")
    'my_file_1.root'
    """
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", name)
