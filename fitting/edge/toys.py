"""Pseudo-experiments of an edge: whether its error is right and the fit unbiased."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.edge.fit import EdgeFit, fit_edge
from darkbelle.fitting.edge.likelihood import BinnedEdge
from darkbelle.fitting.edge.shapes import edge_shape
from darkbelle.vectors import Column

__all__ = ["Pulls", "draw_masses", "edge_pulls"]

CELLS = 200_000  # of the table by which masses are drawn


@dataclass(frozen=True)
class Pulls:
    """(fitted − true edge) / error of each experiment, shape (n,), and how many did not converge."""

    pulls: Column
    failed: int

    @property
    def mean(self) -> tuple[float, float]:
        """Mean, and its error."""
        return float(np.mean(self.pulls)), float(np.std(self.pulls, ddof=1) / np.sqrt(len(self.pulls)))

    @property
    def width(self) -> tuple[float, float]:
        """Standard deviation, and its error for a Gaussian."""
        width = float(np.std(self.pulls, ddof=1))
        return width, width / np.sqrt(2.0 * (len(self.pulls) - 1))


def edge_pulls(truth: EdgeFit, edges: Column, *, toys: int, seed: int) -> Pulls:
    """Draw histograms from a fitted edge, and fit them.

    Parameters
    ----------
    truth
        Where the experiments come from: its parameters and its number of events, which fluctuates.
    edges
        Of the bins, shape (n + 1,), GeV.
    toys
        Number of experiments.
    seed
        Experiment i has random numbers of its own, made from the seed and i.
    """
    shares = BinnedEdge(edge_shape(truth.shape), edges, np.zeros(len(edges) - 1)).shares(truth.parameters)
    found = []
    for number in range(toys):
        rng = np.random.default_rng([seed, number])
        counts = rng.poisson(truth.events * shares).astype(np.float64)
        try:
            found.append(fit_edge(edges, counts, shape=truth.shape, start=truth.values))
        except FitError:
            continue
    pulls = np.array([(item.edge - truth.edge) / item.edge_error for item in found])
    return Pulls(pulls, toys - len(found))


def draw_masses(truth: EdgeFit, limits: tuple[float, float], rng: np.random.Generator) -> Column:
    """Return masses drawn from a fitted edge, as many as it has events, GeV."""
    points = np.linspace(*limits, CELLS + 1)
    integral = edge_shape(truth.shape).integral(points, truth.parameters)
    share = (integral - integral[0]) / (integral[-1] - integral[0])
    return np.interp(rng.random(round(truth.events)), share, points)
