"""Workspaces: the statistical model of each mass hypothesis, built by cabinetry, in pyhf's JSON."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import boost_histogram as bh
import numpy as np

from darkbelle.channels import Channel, Systematic
from darkbelle.errors import FitError
from darkbelle.fitting.hs3 import hs3_of
from darkbelle.fitting.patchsets import Hypothesis, patchset_of
from darkbelle.fitting.templates import (
    REGION,
    Data,
    FitInputs,
    MassTemplates,
    Template,
    fit_inputs,
    mass_templates,
)
from darkbelle.runfolder import SCHEMA, load_result, write_json

__all__ = [
    "INDEX",
    "Format",
    "build_workspace",
    "build_workspaces",
    "poi_name",
]

_LOG = logging.getLogger(__name__)

Format = Literal["pyhf", "patchset", "hs3"]

INDEX = "index.json"
BACKGROUND, PATCHSET = "background.json", "patchset.json"
SIGNAL_STATISTICS = "signal_statistics"
DATA_SAMPLE = "data"


def poi_name(channel: Channel) -> str:
    """Return the name of the parameter of interest with its unit, such as ``cross_section_fb``."""
    return f"{channel.poi}_{channel.poi_unit}"


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
    inputs = fit_inputs(load_result(run_dir), data, seed)
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    built: dict[float, dict[str, Any]] = {}
    points, failed = [], []
    for mass in masses or tuple(inputs.signals):
        try:
            templates = mass_templates(inputs, mass)
        except FitError as error:
            if masses:
                raise
            _LOG.warning("no workspace for %g GeV: %s", mass, error)
            failed.append({"mass": mass, "reason": str(error)})
            continue
        built[mass] = build_workspace(inputs, templates)
        points.append({"mass": mass, "file": _file_name(form, mass), **describe(templates)})
    paths = _write(folder, built, form, inputs.channel)
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


def _file_name(form: Format, mass: float) -> str:
    """Return the name of the file that a mass in GeV is in."""
    return PATCHSET if form == "patchset" else f"mass_{mass:07.4f}.json"


def _write(folder: Path, built: Mapping[float, dict[str, Any]], form: Format, channel: Channel) -> list[Path]:
    if form == "patchset" and built:
        hypotheses = [
            Hypothesis(f"mass_{mass:07.4f}".replace(".", "_"), (mass,), workspace)
            for mass, workspace in built.items()
        ]
        text = f"mass hypotheses of the channel {channel.name}, masses in GeV"
        named = dict(zip((BACKGROUND, PATCHSET), patchset_of(hypotheses, ["mass_gev"], text), strict=True))
    else:
        convert = hs3_of if form == "hs3" else dict
        named = {_file_name(form, mass): convert(workspace) for mass, workspace in built.items()}
    for name, content in named.items():
        (folder / name).write_bytes(_readable(content))
    return [folder / name for name in named]


def describe(templates: MassTemplates) -> dict[str, Any]:
    """Return what a workspace does not say about itself, as JSON: bins, resolution, omissions."""
    return {
        "resolution_m2": templates.resolution,
        "cells": [list(cell) for cell in templates.binning.cells],
        "background_near_peak": templates.background_near_peak,
        "signal_efficiency": templates.signal_efficiency,
        "interpolated_between": list(templates.between) if templates.between else None,
        "unsimulated": templates.unsimulated,
        "unshifted": list(templates.unshifted),
    }


def build_workspace(inputs: FitInputs, templates: MassTemplates) -> dict[str, Any]:
    """Return the workspace of one mass hypothesis.

    The parameter of interest is the signal's cross section, and the signal template is that of one
    unit of it. Backgrounds share one statistical uncertainty a bin (Barlow-Beeston, light). The
    signal's own is one normalisation uncertainty: its size must not depend on the cross section at
    which the template happens to be drawn, as it would inside the common one.
    """
    import cabinetry  # noqa: PLC0415  it takes seconds, and most commands never build a workspace

    samples: dict[str, Template] = {inputs.channel.signal: templates.signal, **templates.backgrounds}

    def histogram(
        _region: dict[str, Any], sample: dict[str, Any], systematic: dict[str, Any], template: str | None
    ) -> bh.Histogram:
        if sample["Name"] == DATA_SAMPLE:
            return _histogram(templates.observed, templates.observed)
        ours = samples[sample["Name"]]
        if template is None:
            return _histogram(ours.values, ours.variances)
        up, down = ours.shifts[systematic["Name"]]
        return _histogram(up if template == "Up" else down, ours.variances)

    router = cabinetry.route.Router()
    router.register_template_builder()(histogram)

    with tempfile.TemporaryDirectory(prefix="darkbelle-templates-") as folder:
        config = _config(inputs, templates, samples, folder)
        with _quiet_cabinetry():
            cabinetry.configuration.validate(config)
            cabinetry.templates.build(config, method="uproot", router=router)
            cabinetry.templates.postprocess(config)
            workspace: dict[str, Any] = cabinetry.workspace.build(config)
    return workspace


@contextmanager
def _quiet_cabinetry() -> Iterator[None]:
    """Silence its warnings of empty bins: they are meant, and thin bins have been merged before."""
    logger = logging.getLogger("cabinetry")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _histogram(values: Any, variances: Any) -> bh.Histogram:
    axis = bh.axis.Regular(len(values), 0, len(values), underflow=False, overflow=False)
    histogram = bh.Histogram(axis, storage=bh.storage.Weight())
    histogram[...] = np.stack([values, variances], axis=-1)
    return histogram


def _config(
    inputs: FitInputs, templates: MassTemplates, samples: dict[str, Template], folder: str
) -> dict[str, Any]:
    """Return the configuration that cabinetry builds from; ``Tree`` and paths are wanted, not used."""
    channel = inputs.channel
    poi = poi_name(channel)
    listed = [
        {"Name": name, "Tree": "-", "DisableStaterror": name == channel.signal, "Regions": REGION}
        for name in samples
    ]
    return {
        "General": {"Measurement": channel.name, "POI": poi, "InputPath": "-", "HistogramFolder": folder},
        "Regions": [{"Name": REGION, "Variable": "-", "Binning": list(range(len(templates.observed) + 1))}],
        "Samples": [*listed, {"Name": DATA_SAMPLE, "Tree": "-", "Data": True}],
        "NormFactors": [
            {"Name": poi, "Samples": channel.signal, "Nominal": 1, "Bounds": [0, _highest(templates)]}
        ],
        "Systematics": [
            *_systematics(channel.systematics, samples),
            _normalisation(SIGNAL_STATISTICS, _relative_error(templates.signal), [channel.signal]),
        ],
    }


def _systematics(declared: dict[str, Systematic], samples: dict[str, Template]) -> list[dict[str, Any]]:
    systematics = []
    for name, item in declared.items():
        affected = [sample for sample in samples if not item.processes or sample in item.processes]
        if item.kind == "normalisation":
            if affected:
                systematics.append(_normalisation(name, item.size, affected))
            continue
        shifted = [sample for sample in affected if name in samples[sample].shifts]
        if shifted:
            systematics.append(
                {"Name": name, "Up": {}, "Down": {}, "Type": "NormPlusShape", "Samples": shifted}
            )
    return systematics


def _normalisation(name: str, size: float, samples: list[str]) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "Normalization",
        "Up": {"Normalization": size},
        "Down": {"Normalization": -size},
        "Samples": samples,
    }


def _relative_error(template: Template) -> float:
    return float(np.sqrt(template.variances.sum()) / template.values.sum())


def _highest(templates: MassTemplates) -> float:
    """Return a bound on the cross section that no fit should come near: 1 000 times the rough error.

    A round power of ten, in the unit of the parameter.
    """
    background = sum(item.values.sum() for item in templates.backgrounds.values())
    rough = (np.sqrt(max(background, float(templates.observed.sum()))) + 3) / templates.signal.values.sum()
    return float(10 ** np.ceil(np.log10(1000 * rough)))


def _readable(workspace: dict[str, Any]) -> bytes:
    return (json.dumps(workspace, indent=1, sort_keys=True) + "\n").encode()
