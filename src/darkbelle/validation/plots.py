"""Plots of the validation page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, save, stamp, styled
from darkbelle.simulation.detector import displaced_track_efficiency
from darkbelle.simulation.detector.records import Kind
from darkbelle.validation.displaced import KAON_EDGES, kaon_flights
from darkbelle.validation.figure import half_width
from darkbelle.validation.finding import identified_share
from darkbelle.validation.peaks import WITHOUT_PHOTONS
from darkbelle.validation.results import Validation
from darkbelle.validation.taus import TauSpectra
from darkbelle.vectors import Column

__all__ = ["draw"]

OURS, THEIRS = OKABE_ITO["blue"], "black"
PEAKS: Final = {"K_S": r"$M_{K_S}$", "D0": "$M_{D^0}$", "D+": "$M_{D^+}$", "J/ψ": r"$M_{J/\psi}$"}
IDENTIFIED: Final[tuple[tuple[str, int, Kind, str], ...]] = (
    ("muon efficiency", 13, "muon", "blue"),
    ("electron efficiency", 11, "electron", "green"),
    ("kaon efficiency", 321, "kaon", "purple"),
    (r"$\pi$ as muon", 211, "muon", "sky"),
    (r"$\pi$ as electron", 211, "electron", "orange"),
    (r"$\pi$ as kaon", 211, "kaon", "vermilion"),
)


def draw(found: Validation, folder: Path, tracks: int) -> list[Path]:
    """Draw every plot into a folder, and return the files.

    Parameters
    ----------
    tracks
        Tracks of each point of the plot of identification; four times as many K_S are made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with styled():
        drawn = {
            "tau_correlation": _correlation(found.pions),
            "a1_spectra": _resonances(found.resonances),
            "mass_peaks": _peaks(found.masses),
            "b_mesons": _mesons(found.mesons),
            "recoil": _recoil(found.recoils),
            "displaced": _displaced(4 * tracks),
            "identification": _identification(tracks),
        }
        return [save(figure, folder / f"{name}.png") for name, figure in drawn.items()]


def _correlation(pions: TauSpectra) -> Figure:
    figure, axes = new_figure(size=(6.5, 5))
    edges = np.linspace(0.0, 1.0, 11)
    centre = (edges[1:] + edges[:-1]) / 2
    for name, observed, colour in (
        ("darkbelle", pions.ours, OURS),
        ("Pythia's amplitudes", pions.pythia, THEIRS),
    ):
        cells = np.digitize(observed.x_minus, edges) - 1
        groups = [observed.x_plus[cells == cell] for cell in range(10)]
        mean = [np.mean(group) if len(group) else np.nan for group in groups]
        error = [np.std(group) / np.sqrt(len(group)) if len(group) else np.nan for group in groups]
        axes.errorbar(centre, mean, error, fmt="o", ms=5, color=colour, label=name)
    axes.set_xlabel(r"$E_{\pi^-}/E_{\tau}$")
    axes.set_ylabel(r"mean of $E_{\pi^+}/E_{\tau}$")
    axes.legend()
    stamp(axes)
    return figure


def _resonances(spectra: TauSpectra) -> Figure:
    figure, all_axes = new_figure(1, 3, size=(15, 4.6))
    for axes, name, index, span in zip(
        all_axes,
        (r"$E_{3\pi}/E_{\tau}$", r"$M_{3\pi}$ [GeV]", r"$M_{\pi^+\pi^-}$ [GeV]"),
        (0, 2, 3),
        ((0.2, 1.02), (0.6, 1.78), (0.25, 1.5)),
        strict=True,
    ):
        _overlay(axes, spectra.ours[index], spectra.pythia[index], span)
        axes.set_xlabel(name)
        axes.set_ylabel("Density")
    all_axes[1].legend()
    stamp(all_axes[0])
    return figure


def _overlay(axes: Axes, ours: Column, theirs: Column, span: tuple[float, float]) -> None:
    edges = np.linspace(*span, 31)
    width = edges[1] - edges[0]
    axes.stairs(np.histogram(ours, edges)[0] / len(ours) / width, edges, color=OURS, label="darkbelle")
    counts = np.histogram(theirs, edges)[0]
    norm = len(theirs) * width
    axes.errorbar(
        (edges[1:] + edges[:-1]) / 2, counts / norm, np.sqrt(counts) / norm, fmt="o", ms=3, color=THEIRS,
        label="Pythia's amplitudes",
    )  # fmt: skip


def _peaks(masses: Mapping[str, Column]) -> Figure:
    figure, all_axes = new_figure(1, len(masses), size=(4.4 * len(masses), 4.2))
    for axes, (name, values) in zip(np.ravel(all_axes), masses.items(), strict=True):
        middle, width = np.median(values), half_width(values)
        axes.hist(values, bins=60, range=(middle - 6 * width, middle + 6 * width), color=OURS)
        axes.set_xlabel(f"{PEAKS[name]} [GeV]")
        axes.text(0.04, 0.92, rf"{1e3 * width:.1f} MeV", transform=axes.transAxes, va="top")
        axes.locator_params(axis="x", nbins=4)
    stamp(np.ravel(all_axes)[0])
    return figure


def _mesons(mesons: Mapping[str, tuple[Column, Column]]) -> Figure:
    figure, (left, right) = new_figure(1, 2, size=(12, 5))
    drawn = (
        ("K+ mumu", r"$S\to\mu\mu$", "blue"),
        ("K+ KK", r"$S\to KK$", "orange"),
        ("K+ ee", r"$S\to ee$", "green"),
        (f"K+ ee{WITHOUT_PHOTONS}", r"$S\to ee$, no recovery", "sky"),
    )
    for name, label, colour in drawn:
        for axes, values, span in zip((left, right), mesons[name], ((5.26, 5.29), (-0.15, 0.1)), strict=True):
            edges = np.linspace(*span, 51)
            density = np.histogram(values, edges)[0] / len(values)
            axes.stairs(density, edges, color=OKABE_ITO[colour], label=label)
    left.set_xlabel(r"$M_{bc}$ [GeV]")
    right.set_xlabel(r"$\Delta E$ [GeV]")
    right.legend(loc="upper left")
    stamp(left)
    return figure


def _recoil(recoils: Mapping[float, Column]) -> Figure:
    figure, axes = new_figure(size=(6.5, 5))
    masses = sorted(recoils)
    axes.plot(masses, [1e3 * half_width(recoils[mass]) for mass in masses], "o-", color=OURS)
    axes.set_yscale("log")
    axes.set_xlabel(r"Mass of the $Z'$ [GeV]")
    axes.set_ylabel(r"Width of $M_{rec}$ [MeV]")
    stamp(axes)
    return figure


def _displaced(size: int) -> Figure:
    figure, (left, middle, right) = new_figure(1, 3, size=(16, 4.8))
    radius = np.linspace(0.0, 110.0, 221)
    angles = np.linspace(-0.5, 0.5, 21)  # from the way outwards, rad
    for momentum, colour in ((0.15, "orange"), (0.2, "green"), (2.0, "blue")):
        efficiency = np.mean(
            [displaced_track_efficiency(radius, momentum, from_radial=float(angle)) for angle in angles],
            axis=0,
        )
        left.plot(radius, efficiency, color=OKABE_ITO[colour], label=f"{momentum:g} GeV")
    left.set_ylim(0.0, 1.19)
    left.set_xlabel("Radius of birth [cm]")
    left.set_ylabel("Efficiency of a track")
    left.legend(ncols=3, loc="upper right")
    kaons = kaon_flights(size)
    edges = np.array(KAON_EDGES)
    centre, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    middle.errorbar(centre, kaons.efficiency, kaons.error, half, fmt="o", ms=4, color=OURS)
    middle.set_ylim(0.0, 1.0)
    middle.set_ylabel(r"Efficiency of $K_S\to\pi^+\pi^-$")
    right.errorbar(centre, 1e3 * kaons.width, xerr=half, fmt="o", ms=4, color=OURS)
    right.set_ylim(0.0, 4.0)
    right.set_ylabel(r"Width of $M_{K_S}$ [MeV]")
    for axes in (middle, right):
        axes.set_xlabel("Radius of decay [cm]")
    stamp(left)
    return figure


def _identification(tracks: int) -> Figure:
    figure, axes = new_figure(size=(6.5, 5))
    edges = np.linspace(0.3, 4.3, 11)
    for name, pdg, kind, colour in IDENTIFIED:
        points = [
            identified_share(pdg, kind, tracks, momenta, seed)
            for seed, momenta in enumerate(pairwise(edges.tolist()))
        ]
        shares, errors = np.array(points).T
        centre = (edges[1:] + edges[:-1]) / 2
        axes.errorbar(centre, shares, errors, fmt="o-", ms=3, color=OKABE_ITO[colour], label=name)
    axes.set_yscale("log")
    axes.set_ylim(3e-3, 8.0)
    axes.set_xlabel("Momentum [GeV]")
    axes.set_ylabel("Share of tracks in the barrel")
    axes.legend(ncols=2, fontsize=10)
    stamp(axes)
    return figure
