"""Sections of a page that any channel with limits can show: nuisances, closure of signals, projections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from darkbelle.fitting.closure import Closure, read_closure
from darkbelle.fitting.page import Drawing, Section, Table
from darkbelle.fitting.plots.closure import plot_closure
from darkbelle.fitting.plots.injection import plot_injection
from darkbelle.fitting.plots.nuisances import plot_correlations, plot_pulls
from darkbelle.fitting.plots.projection import plot_projection, plot_sources
from darkbelle.fitting.projection import POLICIES, Projection, read_projection
from darkbelle.fitting.run_pulls import RunPulls, read_pulls
from darkbelle.fitting.studies.injection import RunInjection, read_injection
from darkbelle.runfolder import CLOSURE, INJECTION, PROJECTION, PULLS

__all__ = ["further_sections"]

LARGEST = 10  # impacts in the table of a page


def further_sections(run: Path) -> Iterator[Section]:
    """Yield a section for each of nuisances, injected signals, closure and projection that there is."""
    if (run / PULLS).exists():
        yield _nuisances(read_pulls(run))
    if (run / INJECTION).exists():
        yield _injection(read_injection(run))
    if (run / CLOSURE).exists():
        yield _closure(read_closure(run))
    if (run / PROJECTION).exists():
        yield _projection(read_projection(run))


def _nuisances(found: RunPulls) -> Section:
    drawings, tables = [], []
    for place, item in found.points.items():
        what = "the data" if item.signal is None else f"the expectation with a signal of {item.signal:g}"
        drawings += [
            Drawing(
                f"pulls_{place.stem}",
                plot_pulls(item, found.luminosity_fb),
                f"Pulls and impacts, {place}",
                f"Fit of {what}, {item.poi} = {item.best_fit:.3g} ± {item.error:.2g}. Impacts are fits with "
                "a parameter held one deviation off: its error after the fit, or its width before.",
            ),
            Drawing(
                f"correlations_{place.stem}",
                plot_correlations(item),
                f"Correlations, {place}",
                f"Of the signal and the {len(item.correlated) - 1} parameters with the largest impacts.",
            ),
        ]
        rows = [
            (
                n.name,
                *("free" if v is None else v for v in (n.pull, n.constraint)),
                n.impact_up,
                n.impact_down,
            )
            for n in item.nuisances[:LARGEST]
        ]
        columns = ("parameter", "pull", "constraint", "impact up", "impact down")
        tables.append(Table(f"Largest impacts on {item.poi}, {place}", columns, rows))
    notes = tuple(f"{place} has no fit: {reason}" for place, reason in found.failed.items())
    return Section("Nuisance parameters", "", tuple(drawings), tuple(tables), notes)


def _injection(found: RunInjection) -> Section:
    title = "Signals put in and found"
    rows = [
        (
            str(i.place),
            i.strength,
            i.found,
            f"{i.mean:.4g} ± {i.mean_error:.1g}",
            i.pull_mean,
            i.pull_width,
            i.limit_covers.value,
            i.interval_covers.value,
            i.interval_covers_background.value,
        )
        for i in found.points
    ]
    columns = ("hypothesis", "put in", "found", "mean of experiments", "pull", "width", "limit covers")
    return Section(
        title,
        f"A signal of {found.times:g} times the median expected limit in the expected background, and "
        f"{found.toys} experiments with it and without. They come from the model that is fitted, and test "
        "the fit only.",
        (
            Drawing(
                "injection",
                plot_injection(found),
                title,
                f"Limits and intervals should contain the truth in {found.confidence_level:.0%} of the "
                "experiments, and more often where there is no signal, since half of the fits end at 0 then.",
            ),
        ),
        (Table(title, (*columns, "interval covers", "without signal"), rows),),
        tuple(f"{place}: {reason}" for place, reason in found.failed.items()),
    )


def _closure(found: Closure) -> Section:
    largest = 100 * found.largest("morphed")
    rows = [
        (
            str(i.place),
            f"{i.low:g} and {i.high:g}",
            i.gap,
            *_percent(i.limit, i.efficiency, i.statistics, i.resolution),
        )
        for i in found.of("morphed")
    ]
    return Section(
        "Signals between simulated masses",
        "Each simulated mass is predicted from its neighbours, in gaps twice as wide as those of a scan.",
        (
            Drawing(
                "closure",
                plot_closure(found),
                "Closure of the interpolation",
                f"Predicted over simulated − 1; limits differ by up to {largest:.2g} %.",
            ),
        ),
        (
            Table(
                "Predicted over simulated − 1 [%]",
                ("hypothesis", "from", "gap/σ", "limit", "efficiency", "its statistics", "resolution"),
                rows,
            ),
        ),
    )


def _projection(found: Projection) -> Section:
    cases = dict.fromkeys((item.mass, item.luminosity_fb) for item in found.limits)
    medians = {case: found.medians(*case) for case in cases}
    drawings = [
        Drawing(
            "projection",
            plot_projection(found),
            "Expected limits against luminosity",
            "Systematics kept as they are, with the statistics of the simulation; scaled with the statistics "
            "of the data; and left out. Truth lies between the first two.",
        )
    ]
    if found.sources:
        mass = next(iter(cases))[0]
        drawings.append(
            Drawing(
                "projection_sources",
                plot_sources(found, mass),
                f"What limits at {mass:g} GeV",
                "One source is kept, all others are scaled with the statistics of the data.",
            )
        )
    state = "" if found.final_state is None else f" of final state {found.final_state}"
    title = f"Median expected upper limits{state}{'' if found.unit == '1' else f' in {found.unit}'}"
    rows = [(*case, *(at.get(policy, "none") for policy in POLICIES)) for case, at in medians.items()]
    return Section(
        "Other luminosities",
        f"{title}, at {found.confidence_level:.0%} confidence level.",
        tuple(drawings),
        (
            Table(
                title,
                ("mass [GeV]", "1/fb", *(f"systematics {policy}" for policy in POLICIES)),
                rows,
            ),
        ),
    )


def _percent(*values: float | None) -> tuple[float | str, ...]:
    return tuple("none" if value is None else 100 * value for value in values)
