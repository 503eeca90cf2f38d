"""Limits beside those of ``limits.json``: at another confidence level, and with simulation without end.

Both rest on the workspaces of a run, so they fit the same data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from darkbelle.fitting.engines import Failure
from darkbelle.fitting.run_workspaces import INDEX
from darkbelle.fitting.solving import limits
from darkbelle.fitting.templates import Place
from darkbelle.fitting.workspaces import SIGNAL_STATISTICS
from darkbelle.provenance import provenance
from darkbelle.runfolder import SCHEMA, read_json, write_json

__all__ = ["Case", "FurtherLimit", "further_limits", "read_further_limits", "without_simulation_statistics"]

FILE: Final = "further_limits.json"


class Case(NamedTuple):
    """A confidence level, and whether the statistics of the simulation are left out."""

    confidence_level: float
    endless_simulation: bool = False


@dataclass(frozen=True)
class FurtherLimit:
    """The limit of a hypothesis in a case; ``expected`` at −2, −1, 0, 1, 2 standard deviations."""

    mass: float
    final_state: str | None
    confidence_level: float
    endless_simulation: bool
    observed: float
    expected: tuple[float, ...]

    @property
    def place(self) -> Place:
        """Which hypothesis it is of."""
        return Place(self.mass, self.final_state)

    @property
    def case(self) -> Case:
        """Which case it is of."""
        return Case(self.confidence_level, self.endless_simulation)


Found = dict[Case, dict[Place, FurtherLimit]]


def further_limits(run: Path, workspaces: Path, cases: Sequence[Case]) -> Found:
    """Compute limits of a run's workspaces in some cases, and write ``RUN/further_limits.json``.

    Hypotheses without a limit are left out.
    """
    found = [item for case in cases for item in _solved(workspaces, case)]
    record = provenance(run=run.name)
    write_json(run / FILE, {"schema": SCHEMA, "points": [asdict(i) for i in found], "provenance": record})
    return _sorted(found)


def read_further_limits(run: Path) -> Found:
    """Return what `further_limits` wrote, by case and hypothesis; nothing if it did not."""
    if not (run / FILE).exists():
        return {}
    points = read_json(run / FILE)["points"]
    return _sorted([FurtherLimit(**{**item, "expected": tuple(item["expected"])}) for item in points])


def without_simulation_statistics(workspace: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workspace without the statistical uncertainties of the simulation, as if it had no end."""
    channels = [
        {
            **channel,
            "samples": [
                {
                    **sample,
                    "modifiers": [
                        item
                        for item in sample["modifiers"]
                        if item["type"] != "staterror" and item["name"] != SIGNAL_STATISTICS
                    ],
                }
                for sample in channel["samples"]
            ],
        }
        for channel in workspace["channels"]
    ]
    (measurement,) = workspace["measurements"]
    config = measurement["config"]
    kept = [item for item in config["parameters"] if not item["name"].startswith("staterror")]
    return {
        **workspace,
        "channels": channels,
        "measurements": [{**measurement, "config": {**config, "parameters": kept}}],
    }


def _solved(folder: Path, case: Case) -> Iterator[FurtherLimit]:
    listed = read_json(folder / INDEX)["points"]
    models = {item["file"]: json.loads((folder / item["file"]).read_bytes()) for item in listed}
    if case.endless_simulation:
        models = {name: without_simulation_statistics(model) for name, model in models.items()}
    answers = limits(models, confidence_level=case.confidence_level)
    for item, answer in zip(listed, answers, strict=True):
        if not isinstance(answer.outcome, Failure):
            yield FurtherLimit(
                *Place.from_json(item), *case, answer.outcome.observed, tuple(answer.outcome.expected)
            )


def _sorted(found: Sequence[FurtherLimit]) -> Found:
    cases: Found = {}
    for item in found:
        cases.setdefault(item.case, {})[item.place] = item
    return cases
