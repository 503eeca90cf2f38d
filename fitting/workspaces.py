"""Workspaces: the statistical model of a mass hypothesis, built by cabinetry, in pyhf's JSON."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boost_histogram as bh
import numpy as np

from darkbelle.channels import Channel, Systematic
from darkbelle.fitting.templates import FitInputs, MassTemplates, Template

__all__ = ["SIGNAL_STATISTICS", "build_workspace", "poi_name"]

SIGNAL_STATISTICS = "signal_statistics"
DATA_SAMPLE = "data"
FREE_RANGE = (0.0, 10.0)  # of a normalisation that only the data know


def poi_name(channel: Channel) -> str:
    """Return the name of the parameter of interest with its unit, if any, such as ``cross_section_fb``."""
    return channel.poi if channel.poi_unit == "1" else f"{channel.poi}_{channel.poi_unit}"


def build_workspace(inputs: FitInputs, templates: MassTemplates) -> dict[str, Any]:
    """Return the workspace of one mass hypothesis.

    The parameter of interest is that of the channel, and the signal template is that of one unit of it.
    Backgrounds share one statistical uncertainty a bin (Barlow-Beeston, light). The signal's own is one
    normalisation uncertainty: its size must not depend on the strength at which the template happens to be
    drawn, as it would inside the common one. Normalisations that only the data know are factors, too.
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
        {"Name": name, "Tree": "-", "DisableStaterror": name == channel.signal, "Regions": inputs.region}
        for name in samples
    ]
    return {
        "General": {"Measurement": channel.name, "POI": poi, "InputPath": "-", "HistogramFolder": folder},
        "Regions": [
            {"Name": inputs.region, "Variable": "-", "Binning": list(range(len(templates.observed) + 1))}
        ],
        "Samples": [*listed, {"Name": DATA_SAMPLE, "Tree": "-", "Data": True}],
        "NormFactors": [
            {"Name": poi, "Samples": channel.signal, "Nominal": 1, "Bounds": [0, _highest(templates)]},
            *_free_normalisations(channel.systematics, samples),
        ],
        "Systematics": [
            *_systematics(channel.systematics, samples),
            _normalisation(SIGNAL_STATISTICS, _relative_error(templates.signal), [channel.signal]),
        ],
    }


def _free_normalisations(
    declared: dict[str, Systematic], samples: dict[str, Template]
) -> list[dict[str, Any]]:
    return [
        {
            "Name": name,
            "Samples": [sample for sample in samples if not item.processes or sample in item.processes],
            "Nominal": 1,
            "Bounds": list(FREE_RANGE),
        }
        for name, item in declared.items()
        if item.kind == "free"
    ]


def _systematics(declared: dict[str, Systematic], samples: dict[str, Template]) -> list[dict[str, Any]]:
    systematics = []
    for name, item in declared.items():
        affected = [sample for sample in samples if not item.processes or sample in item.processes]
        if item.kind == "normalisation":
            if affected:
                systematics.append(_normalisation(name, item.size, affected))
            continue
        if item.kind == "free":
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
