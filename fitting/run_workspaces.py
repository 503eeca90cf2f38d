"""The workspaces of a run: a file a mass hypothesis, or one background and a patch set, and an index."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from darkbelle.errors import FitError
from darkbelle.fitting.hs3 import hs3_of
from darkbelle.fitting.patchsets import Hypothesis, patchset_of
from darkbelle.fitting.templates import Data, FitInputs, MassTemplates, Place, all_fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace, poi_name
from darkbelle.runfolder import SCHEMA, load_result, write_json

__all__ = ["INDEX", "Format", "build_workspaces", "describe"]

_LOG = logging.getLogger(__name__)

Format = Literal["pyhf", "patchset", "hs3"]

INDEX = "index.json"
BACKGROUND, PATCHSET = "background.json", "patchset.json"


def build_workspaces(
    run_dir: str | Path,
    out_dir: str | Path,
    masses: Sequence[float] | None = None,
    *,
    data: Data = "pseudo",
    seed: int = 1,
    form: Format = "pyhf",
) -> list[Path]:
    """Write the workspace of each mass hypothesis, and an index that says what is in their bins.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    out_dir
        Made if need be.
    masses
        GeV; all simulated ones by default, less those of which no model can be built, which the index
        lists as ``failed``.
    data, seed
        What is fitted, see `darkbelle.fitting.templates.fit_inputs`.
    form
        ``pyhf``: one workspace a mass. ``hs3``: the same in HS3. ``patchset``: one background model, and a
        patch a mass; since each mass has its own bins, patches replace channels.

    Returns
    -------
    list of Path
        The JSON files, without the index.

    Raises
    ------
    FitError
        No model can be built of a mass that was asked for.
    """
    every = all_fit_inputs(load_result(run_dir), data, seed)
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    points: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    paths: list[Path] = []
    for inputs in every:
        templates, without = _templates(inputs, masses)
        built = {mass: build_workspace(inputs, item) for mass, item in templates.items()}
        points += [_entry(inputs, item, form) for item in templates.values()]
        failed += without
        paths += _write(folder, built, form, inputs)
    inputs = every[0]
    write_json(
        folder / INDEX,
        {
            "schema": SCHEMA,
            "channel": inputs.channel.name,
            "poi": poi_name(inputs.channel),
            "luminosity_fb": inputs.luminosity_fb,
            "data": data,
            "seed": seed,
            "points": points,
            "failed": failed,
        },
    )
    return paths


def _templates(
    inputs: FitInputs, masses: Sequence[float] | None
) -> tuple[dict[float, MassTemplates], list[dict[str, Any]]]:
    """Return templates by mass, and for the index why other masses have none; those asked for must have."""
    found, failed = {}, []
    for mass in masses or tuple(inputs.signals):
        try:
            found[mass] = mass_templates(inputs, mass)
        except FitError as error:
            if masses:
                raise
            place = Place(mass, inputs.final_state)
            _LOG.warning("no workspace for %s: %s", place, error)
            failed.append({**place.as_json(), "reason": str(error)})
    return found, failed


def _entry(inputs: FitInputs, templates: MassTemplates, form: Format) -> dict[str, Any]:
    place = Place(templates.mass, inputs.final_state)
    return {**place.as_json(), "file": _file_name(form, place), **describe(templates)}


def _file_name(form: Format, place: Place) -> str:
    """Return the name of the file that a hypothesis is in."""
    return _prefixed(PATCHSET, place.final_state) if form == "patchset" else f"{place.stem}.json"


def _prefixed(name: str, final_state: str | None) -> str:
    return name if final_state is None else f"{final_state}_{name}"


def _write(
    folder: Path, built: Mapping[float, dict[str, Any]], form: Format, inputs: FitInputs
) -> list[Path]:
    channel, state = inputs.channel, inputs.final_state
    if form == "patchset" and built:
        hypotheses = [
            Hypothesis(Place(mass).stem.replace(".", "_"), (mass,), workspace)
            for mass, workspace in built.items()
        ]
        text = f"mass hypotheses of the channel {channel.name}, masses in GeV"
        names = (_prefixed(BACKGROUND, state), _prefixed(PATCHSET, state))
        named = dict(zip(names, patchset_of(hypotheses, ["mass_gev"], text), strict=True))
    else:
        convert = hs3_of if form == "hs3" else dict
        named = {
            _file_name(form, Place(mass, state)): convert(workspace) for mass, workspace in built.items()
        }
    for name, content in named.items():
        (folder / name).write_bytes(_readable(content))
    return [folder / name for name in named]


def describe(templates: MassTemplates) -> dict[str, Any]:
    """Return what a workspace does not say about itself, as JSON: bins, resolution, omissions."""
    return {
        "resolution": templates.resolution,
        "cells": [list(cell) for cell in templates.binning.cells],
        "background_near_peak": templates.background_near_peak,
        "signal_efficiency": templates.signal_efficiency,
        "interpolated_between": list(templates.between) if templates.between else None,
        "unsimulated": templates.unsimulated,
        "unshifted": list(templates.unshifted),
    }


def _readable(workspace: dict[str, Any]) -> bytes:
    return (json.dumps(workspace, indent=1, sort_keys=True) + "\n").encode()
