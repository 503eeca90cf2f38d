"""Plots of studies: local p-values against mass, coverage against strength, distributions of t."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy.special import erfc, ndtr
from scipy.stats import chi2

from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp
from darkbelle.fitting.studies.coverage import CoverageStudy
from darkbelle.fitting.studies.significance import ScanSignificance
from darkbelle.vectors import Column

__all__ = ["plot_coverage", "plot_local_p", "plot_statistic"]

_MARKERS = ("o", "s", "^", "D")
_COLOURS = tuple(OKABE_ITO[name] for name in ("blue", "vermilion", "green", "purple"))


def plot_local_p(scan: ScanSignificance, luminosity_fb: float | None = None, unit: str = "GeV") -> Figure:
    """Draw local p-values of background against mass, and say what the smallest one means globally."""
    figure, axes = new_figure(size=(8, 6.2))
    places = [point.place for point in scan.points]
    values = [point.p_value for point in scan.points]
    axes.plot(places, values, "-", color="black", linewidth=1.3, marker="o", markersize=4)
    lowest = min(*values, scan.global_p) / 20
    for deviations in range(1, 9):
        height = float(ndtr(-deviations))
        if height > lowest:
            axes.axhline(height, color="0.6", linewidth=0.9, linestyle=":")
            axes.annotate(
                rf"{deviations}$\sigma$",
                (1, height),
                (4, 0),
                ("axes fraction", "data"),
                "offset points",
                va="center",
            )
    largest = scan.largest
    deviations_of = scan.global_significance
    globally = "" if deviations_of is None else rf" ({deviations_of:.1f}$\sigma$)"
    text = (
        f"largest at {largest.place:g}{f' {unit}' if unit else ''}, local p = {largest.p_value:.2g} "
        rf"({largest.significance:.1f}$\sigma$)"
        f"\nglobal p = {scan.global_p:.2g}{globally}, {scan.toys} experiments"
    )
    axes.text(0.03, 0.04, text, transform=axes.transAxes, va="bottom", fontsize=12)
    axes.set_yscale("log")
    axes.set_ylim(lowest, 1.5)
    axes.set_xlabel(f"Hypothesis [{unit}]" if unit else "Hypothesis")
    axes.set_ylabel("Local p-value of background")
    stamp(axes, luminosity_fb)
    return figure


def plot_coverage(study: CoverageStudy) -> Figure:
    """Draw coverage against the true strength, by method, beside the level that was asked for."""
    figure, axes = new_figure(size=(8, 6.2))
    axes.axhline(study.confidence_level, color="black", linewidth=1.2, linestyle="--", label="asked for")
    strengths = np.array([point.mu for point in study.points])
    apart = 0.01 * (np.ptp(strengths) or 1.0)  # so that methods do not hide each other
    for index, method in enumerate(study.points[0].coverage):
        shares = [point.coverage[method] for point in study.points]
        axes.errorbar(
            strengths + (index - 1.5) * apart,
            [share.value for share in shares],
            [share.error for share in shares],
            fmt=_MARKERS[index],
            color=_COLOURS[index],
            markersize=6,
            capsize=3,
            label=method,
        )
    axes.set_xlabel("True value of the parameter of interest")
    axes.set_ylabel("Share of experiments that contain it")
    lowest = min(share.value for point in study.points for share in point.coverage.values())
    axes.set_ylim(min(lowest, study.confidence_level) - 0.06, 1.08)
    axes.legend(loc="best")
    stamp(axes, note="Pseudo-experiments")
    return figure


def plot_statistic(rises: Column, mu: float, asimov: Sequence[float] | Column) -> Figure:
    r"""Draw the distribution of :math:`t_\mu` at the truth beside its asymptotic form.

    Parameters
    ----------
    rises
        Of experiments drawn at ``mu``.
    mu
        The true value of the parameter of interest.
    asimov
        The rise of the Asimov data of background of each experiment; the median is that of the form.
    """
    figure, axes = new_figure(size=(8, 6.2))
    highest = max(float(np.quantile(rises, 0.999)), 4.0)
    edges = np.linspace(0.0, highest, 41)
    counts, _ = np.histogram(rises, edges)
    width = edges[1]
    centres = (edges[1:] + edges[:-1]) / 2
    scale = 1 / (rises.size * width)
    axes.errorbar(
        centres,
        counts * scale,
        np.sqrt(counts) * scale,
        fmt="o",
        color="black",
        markersize=4,
        label=f"{rises.size} experiments at {mu:.3g}",
    )
    form = np.diff(_asymptotic(edges, float(np.median(asimov)))) / width
    axes.stairs(form, edges, color=OKABE_ITO["vermilion"], linewidth=1.8, label="asymptotic form")
    wilks = np.diff(chi2.cdf(edges, 1)) / width
    axes.stairs(wilks, edges, color=OKABE_ITO["blue"], linestyle="--", linewidth=1.4, label=r"$\chi^2_1$")
    axes.set_yscale("log")
    axes.set_ylim(0.3 * scale, 3 * max(form.max(), (counts * scale).max()))
    axes.set_xlabel(r"$t_\mu$ at the truth")
    axes.set_ylabel("Probability density")
    axes.legend(loc="upper right")
    stamp(axes, note="Pseudo-experiments")
    return figure


def _asymptotic(values: Column, asimov: float) -> Column:
    """Return the distribution function of t at the truth; eq. 43 of arXiv:1007.1727, (μ/σ)² = ``asimov``."""
    root = np.sqrt(values)
    inside: Column = 1 - erfc(root / np.sqrt(2))
    if asimov == 0:
        # the bound is at the truth: half of the experiments are at 0
        return np.asarray((1 + inside) / 2 * (values > 0), dtype=np.float64)
    beyond = ndtr(root) + ndtr((values + asimov) / (2 * np.sqrt(asimov))) - 1
    return np.where(values <= asimov, inside, beyond)
