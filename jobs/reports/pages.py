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
from darkbelle.fitting.analysis import Overlay, load_analysis
from darkbelle.fitting.page import Drawing
from darkbelle.fitting.plots.style import save, styled
from darkbelle.provenance import provenance
from darkbelle.runfolder import PROVENANCE, RESULT, RunResult, load_result, read_json

__all__ = ["write_report", "write_reports"]


@dataclass(frozen=True)
class Figure:
    """A plot as it stands in the page, its source the picture itself."""

    source: str
    title: str
    caption: str


def write_reports(runs: Sequence[Path], out: Path, overlay: Overlay | None = None) -> list[Path]:
    """Write a page for each run into a folder, the only one as ``index.html``, and return the pages.

    Raises
    ------
    ConfigurationError
        Two run folders have one name.
    """
    out.mkdir(parents=True, exist_ok=True)
    if len(runs) == 1:
        return [write_report(runs[0], out / "index.html", overlay)]
    names = [run.resolve().name for run in runs]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"run folders must have different names, got {', '.join(names)}; rename one")
    pages = [write_report(run, out / f"{name}.html", overlay) for run, name in zip(runs, names, strict=True)]
    index = out / "index.html"
    index.write_text(_template("index.html").render(pages=[page.name for page in pages]), encoding="utf-8")
    return [index, *pages]


def write_report(run: Path, page: Path, overlay: Overlay | None = None) -> Path:
    """Write the page of a merged run: what its analysis has to show, its cutflows and its datasets."""
    result = load_result(run)
    channel = load_channel(result.channel)
    with styled():
        sections = [
            (section, [_figure(drawing) for drawing in section.drawings])
            for section in load_analysis(channel.name).sections(run, overlay=overlay)
        ]
    text = _template("report.html").render(
        channel=channel,
        sections=sections,
        luminosity=channel.luminosity_fb,
        datasets=_datasets(result, channel.luminosity_fb),
        cutflows=_cutflows(result, channel, channel.luminosity_fb),
        quarantined=read_json(run / RESULT)["quarantined"],
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
    environment.filters["short"] = _short
    environment.filters["count"] = lambda value: f"{value:,}".replace(",", "\u202f")
    return environment.get_template(name)


def _short(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _figure(drawing: Drawing) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        image = save(drawing.figure, Path(folder) / f"{drawing.name}.png").read_bytes()
    source = f"data:image/png;base64,{base64.b64encode(image).decode('ascii')}"
    return Figure(source, drawing.title, drawing.caption)


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
