"""What a site wants to be told in a submit file, as data: one YAML a site, or the user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from darkbelle.errors import ConfigurationError

__all__ = ["Site", "load_site", "site_names"]


class Site(BaseModel):
    """A site with HTCondor, or with LSF.

    Its machines share the run folder, the ntuples and the Python environment, or with ``transfer: files``
    as few of them as the fields below say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = Field(description="for people")
    cpus: int = Field(default=1, gt=0, description="cores of a job; a worker uses one")
    memory: int = Field(default=2000, gt=0, description="memory of a job, MB")
    largest_memory: int = Field(default=8000, gt=0, description="what a job held for memory may get, MB")
    disk: int = Field(default=500, gt=0, description="scratch space of a job, MB")
    retries: int = Field(default=2, ge=0, description="how often HTCondor starts a job again that failed")
    max_idle: int | None = Field(
        default=500, gt=0, description="jobs that wait in the queue at once; the others follow by themselves"
    )
    python: str | None = Field(
        default=None, description="Python with darkbelle as the machines see it, if not the one that submits"
    )
    transfer: Literal["none", "files"] = Field(
        default="none",
        description="files: HTCondor carries chunks there and results back, no folder is shared",
    )
    inputs: Literal["sent", "mounted"] = Field(
        default="sent",
        description="with transfer: ntuples are sent along, or the machines read them under the same paths",
    )
    urls: dict[str, str] = Field(
        default={},
        description="with inputs sent: beginnings of paths, and those of URLs that machines fetch them from",
    )
    environment: Path | None = Field(
        default=None,
        description="with transfer: archive of packages, by darkbelle pack; none: python has them",
    )
    system: Literal["htcondor", "lsf"] = Field(default="htcondor", description="what the site queues with")
    submit: dict[str, str] = Field(
        default={},
        description="further lines of the submit file, as they are to stand there; options of bsub for LSF",
    )


def site_names() -> tuple[str, ...]:
    """Return the names of the sites that ship with the package, sorted.

    >>> site_names()
    ('cern', 'kekcc', 'naf', 'plain')
    """
    folder = files("darkbelle.jobs.condor") / "sites"
    return tuple(sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")))


def load_site(name: str | Path) -> Site:
    """Return a site by its name, or from a YAML file of one's own.

    Raises
    ------
    ConfigurationError
        There is no such site or file, or it says something that a site has not.

    >>> load_site("cern").submit["+JobFlavour"]
    '"longlunch"'
    """
    own = Path(name)
    if own.suffix in {".yaml", ".yml"}:
        if not own.is_file():
            raise ConfigurationError(f"site file {own} does not exist")
        text = own.read_text(encoding="utf-8")
    elif name in site_names():
        text = (files("darkbelle.jobs.condor") / "sites" / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        raise ConfigurationError(
            f"site {str(name)!r} is not known, there are: {', '.join(site_names())}; or give a YAML file of "
            "your own"
        )
    try:
        site = Site.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigurationError(f"site {str(name)!r}: {error}") from error
    if site.environment is None:
        return site
    # it lies beside the file that names it, wherever that is read from
    return site.model_copy(update={"environment": own.parent / site.environment})
