"""Datasets: which ntuples belong together, and what one must know to normalise them."""

from __future__ import annotations

from collections.abc import Iterator
from glob import glob, has_magic
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from darkbelle.errors import ConfigurationError

__all__ = ["Dataset", "DatasetFile", "read_datasets", "write_datasets"]


class Dataset(BaseModel):
    """Ntuples of one process, with their metadata. Nothing here is guessed from row counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    process: str = Field(description="process of the channel, or 'data'")
    files: tuple[str, ...] = Field(
        min_length=1, description="paths or patterns (*, ?), relative to the dataset file"
    )
    tree: str = Field(default="variables", description="tree of the candidates")
    joined_trees: tuple[str, ...] = Field(default=(), description="trees joined to it on the event key")
    cross_section_fb: float | None = Field(default=None, gt=0, description="simulation: cross section, fb")
    branching_fraction: float = Field(default=1.0, gt=0, le=1, description="of forced decays")
    generated_events: int | None = Field(default=None, gt=0, description="simulation: before any filter")
    luminosity_fb: float | None = Field(default=None, gt=0, description="data: integrated luminosity, 1/fb")
    mass: float | None = Field(default=None, ge=0, description="signal: mass hypothesis, GeV")
    region: str | None = Field(
        default=None, description="the one region of the channel that its candidates are for; none: all"
    )
    campaign: str = Field(default="", description="production campaign, for the record")
    particles: dict[str, str] = Field(default={}, description="prefixes that differ from the channel's")
    columns: dict[str, str] = Field(default={}, description="variables that differ from the channel's")
    origin: dict[str, Any] = Field(default={}, description="how it was made: seed, options, versions")

    @property
    def is_data(self) -> bool:
        """Whether these are collisions recorded by the detector."""
        return self.process == "data"

    @model_validator(mode="after")
    def _normalisation_is_known(self) -> Self:
        if self.is_data and self.luminosity_fb is None:
            raise ConfigurationError("a dataset of data needs luminosity_fb, got none; state it in 1/fb")
        if not self.is_data and (self.cross_section_fb is None or self.generated_events is None):
            raise ConfigurationError(
                f"a simulated dataset ({self.process}) needs cross_section_fb and generated_events, got "
                f"{self.cross_section_fb} and {self.generated_events}; take them from the production's "
                "metadata, not from the number of rows"
            )
        return self

    def scale_to(self, luminosity_fb: float, processed_share: float = 1.0) -> float:
        """Return the factor that scales event weights to a luminosity, 1 for data.

        ``processed_share`` is rows processed over rows in: a quarantined share is made up for.
        """
        if self.cross_section_fb is None or self.generated_events is None:
            return 1.0
        produced = self.generated_events * processed_share
        return self.cross_section_fb * self.branching_fraction * luminosity_fb / produced


class DatasetFile(BaseModel):
    """A dataset file: datasets by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = Field(default=1, alias="schema")
    datasets: dict[str, Dataset]


def read_datasets(path: str | Path) -> dict[str, Dataset]:
    """Read a dataset file and return its datasets, with absolute paths for their files.

    Patterns are replaced by the files that match them, in the order of their names.

    Raises
    ------
    ConfigurationError
        The file is missing, is not YAML, or says something impossible; a pattern matches no file.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        declared = DatasetFile.model_validate(content)
    except OSError as error:
        raise ConfigurationError(f"cannot read the dataset file {path}: {error}") from error
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{path} is not a dataset file: {error}") from error
    folder = path.resolve().parent
    return {
        name: item.model_copy(update={"files": tuple(_expanded(folder, item.files))})
        for name, item in declared.datasets.items()
    }


def _expanded(folder: Path, files: tuple[str, ...]) -> Iterator[str]:
    for file in files:
        path = str(folder / file)
        if not has_magic(file):
            yield path
        elif matches := sorted(glob(path)):  # noqa: PTH207  # the pattern may be absolute
            yield from matches
        else:
            raise ConfigurationError(f"no file matches {path}; mend the pattern, or leave it out")


def write_datasets(path: str | Path, datasets: dict[str, Dataset]) -> None:
    """Write a dataset file; the paths in it should be relative to its folder."""
    content = DatasetFile(schema=1, datasets=datasets).model_dump(
        mode="json", by_alias=True, exclude_defaults=True
    )
    text = yaml.safe_dump({"schema": 1, **content}, sort_keys=False, allow_unicode=True)
    Path(path).write_text(text, encoding="utf-8")
