"""Write the page of a run: what it is, what went in, what came out, and how it was made."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from darkbelle.channels import Channel, load_channel
from darkbelle.errors import ConfigurationError
from darkbelle.fitting.interpretation import MODELS, Interpretation, read_interpretation
from darkbelle.fitting.limits import read_limits
from darkbelle.fitting.plots import PlotFile, make_plots
from darkbelle.provenance import provenance
from darkbelle.runfolder import LIMITS, PROVENANCE, RESULT, RunResult, load_result, read_json

__all__ = ["write_report", "write_reports"]

# section of the page: beginnings of the names of its plots
SECTIONS = {
    "limits": ("limit_cross_section",),
    "couplings": ("limit_coupling",),
    "spectrum": ("recoil", "distributions"),
    "cutflow": ("cutflow", "last_cuts"),
    "resolution": ("resolution",),
}


@dataclass(frozen=True)
class Figure:
    """A plot as it stands in the page."""

    source: str
    title: str
    caption: str


def write_reports(
    runs: Sequence[Path], out: Path, overlay: Path | None = None, overlay_label: str | None = None
) -> list[Path]:
    """Write a page for each run into a folder, the only one as ``index.html``, and return the pages.

    Raises
    ------
    ConfigurationError
        Two run folders have one name.
    """
    out.mkdir(parents=True, exist_ok=True)
    if len(runs) == 1:
        return [write_report(runs[0], out / "index.html", overlay, overlay_label)]
    names = [run.resolve().name for run in runs]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"run folders must have different names, got {', '.join(names)}; rename one")
    pages = [
        write_report(run, out / f"{name}.html", overlay, overlay_label)
        for run, name in zip(runs, names, strict=True)
    ]
    index = out / "index.html"
    index.write_text(_template("index.html").render(pages=[page.name for page in pages]), encoding="utf-8")
    return [index, *pages]


def write_report(
    run: Path, page: Path, overlay: Path | None = None, overlay_label: str | None = None
) -> Path:
    """Write the page of a merged run; limits and couplings stand in it if they are there."""
    result = load_result(run)
    channel = load_channel(result.channel)
    limits = read_limits(run) if (run / LIMITS).exists() else None
    luminosity = limits.luminosity_fb if limits else channel.luminosity_fb
    with tempfile.TemporaryDirectory() as folder:
        figures = _figures(make_plots(run, folder, overlay, overlay_label))
    text = _template("report.html").render(
        channel=channel,
        limits=limits,
        couplings=_couplings(run),
        luminosity=luminosity,
        datasets=_datasets(result, luminosity),
        cutflows=_cutflows(result, channel, luminosity),
        quarantined=read_json(run / RESULT)["quarantined"],
        figures=figures,
        only_simulation=not any(item.dataset.is_data for item in result.datasets.values()),
        processor=result.processor,
        made=read_json(run / PROVENANCE),
        page=provenance(run=run.name),
    )
    page.write_text(text, encoding="utf-8")
    return page


def _template(name: str) -> Any:
    loader = PackageLoader("darkbelle.jobs.reports", "templates")
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = lambda value: "–" if value is None else f"{value:.4g}"
    environment.filters["count"] = lambda value: f"{value:,}".replace(",", "\u202f")
    return environment.get_template(name)


def _figures(plots: Sequence[PlotFile]) -> dict[str, list[Figure]]:
    """Return plots by section of the page; one that no section names goes to ``others``."""
    figures: dict[str, list[Figure]] = {section: [] for section in (*SECTIONS, "others")}
    for plot in plots:
        name = plot.path.stem
        section = next((s for s, begins in SECTIONS.items() if name.startswith(begins)), "others")
        image = base64.b64encode(plot.path.read_bytes()).decode("ascii")
        figures[section].append(Figure(f"data:image/png;base64,{image}", plot.title, plot.caption))
    return figures


def _couplings(run: Path) -> list[Interpretation]:
    return [
        read_interpretation(run, model)
        for model in MODELS
        if (run / f"interpretation_{model}.json").exists() and (run / LIMITS).exists()
    ]


def _datasets(result: RunResult, luminosity: float) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "dataset": item.dataset,
            "rows": item.rows_processed,
            "quarantined": item.rows_quarantined,
            "events": item.output.events,
            "scale": item.scale_to(luminosity),
        }
        for name, item in result.datasets.items()
    ]


def _cutflows(result: RunResult, channel: Channel, luminosity: float) -> list[dict[str, Any]]:
    """Return a table for each region: cuts down, datasets across, events at the luminosity."""
    tables = []
    for region, declared in channel.regions.items():
        columns = {
            name: item.output.cutflows[region].weights * item.scale_to(luminosity)
            for name, item in result.datasets.items()
            if region in item.output.cutflows
        }
        if not columns:
            continue
        cuts = result.datasets[next(iter(columns))].output.cutflows[region].cuts
        rows = [
            (cut, [float(values[i]) for values in columns.values()])
            for i, cut in enumerate(("in the ntuple", *cuts))
        ]
        tables.append({"title": declared.title, "columns": list(columns), "rows": rows})
    return tables
