"""Plots of a run: one module a kind, `make_plots` draws all that the run folder has."""

from __future__ import annotations

from darkbelle.fitting.plots.book import PlotFile, make_plots

__all__ = ["PlotFile", "make_plots"]
