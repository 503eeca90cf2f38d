"""Systematic uncertainties of the τ mass: fits of shifted events, and what their statistics leave open.

Shifted spectra are of the same events as the nominal one. How far their edges differ by chance follows from
the events themselves: each moves either edge by its influence on that fit, and only the difference counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from darkbelle.errors import FitError
from darkbelle.fitting.edge import SHAPES, EdgeFit, fit_edge
from darkbelle.fitting.measurements import Shift
from darkbelle.fitting.tau_edge import REGION, Bias, TauMassInputs, bias_of, nearest
from darkbelle.runfolder import COLUMNS
from darkbelle.vectors import Column

__all__ = ["PUBLISHED", "ShiftedEvents", "Systematics", "limited_by_simulation", "systematics"]

# What arXiv:2305.19116 has for each source, MeV, in its order [est]; None is below 0.01. Two of ours are its
# one misalignment.
PUBLISHED: Final[Mapping[str, float | None]] = {
    "beam_energy": 0.07,
    "boost": None,
    "momentum_scale": 0.06,
    "misalignment_length": 0.03,
    "misalignment_curvature": 0.03,
    "estimator_bias": 0.03,
    "fit_function": 0.02,
    "material": 0.03,
    "radiation": 0.02,
    "tag_neutrals": None,
    "tag_modes": None,
    "momentum_resolution": None,
    "continuum_yield": None,
}
SIGNIFICANT: Final = 2.0  # errors of a shift from which on it is more than the statistics of the simulation
NEAR: Final = 5e-3  # GeV around the edge, where events tell how far it should move


@dataclass(frozen=True)
class ShiftedEvents:
    """Events of a sample within the range of the fit and a little beside it, and what shifts do to them.

    Parameters
    ----------
    path
        The parquet file that the run wrote.
    pseudomass, weight
        Shape (n,), GeV.
    """

    path: Path
    pseudomass: Column
    weight: Column

    @classmethod
    def of(cls, run_dir: str | Path, dataset: str) -> ShiftedEvents:
        """Return the events of a dataset of a run.

        Raises
        ------
        FitError
            The run has not kept them.
        """
        path = Path(run_dir) / COLUMNS / f"{dataset}.{REGION}.parquet"
        if not path.is_file():
            raise FitError(f"{path}, the single events of the fit, is missing; merge the run again")
        table = pq.read_table(path, columns=["pseudomass", "weight"])
        return cls(path, table["pseudomass"].to_numpy(), table["weight"].to_numpy())

    def shifted(self, variation: str) -> tuple[Column, Column]:
        """Return pseudomasses and weights of the same events after a shift, shape (n,) each.

        Raises
        ------
        FitError
            The run does not know the shift.
        """
        moved, factor = f"moved_{variation}", f"factor_{variation}"
        known = set(pq.read_schema(self.path).names)
        for name in (moved, factor):
            if name in known:
                values = pq.read_table(self.path, columns=[name])[name].to_numpy().astype(np.float64)
                if name == moved:
                    return self.pseudomass + values, self.weight
                return self.pseudomass, self.weight * values
        raise FitError(f"{self.path} does not say what {variation!r} does to its events; run it again")

    def error(self, variation: str, nominal: EdgeFit, shifted: EdgeFit, edges: Column) -> float:
        """Return the standard deviation of the difference of both edges by the statistics of events, GeV."""
        mass, weight = self.shifted(variation)
        by_event = weight * _at(shifted, edges, mass) - self.weight * _at(nominal, edges, self.pseudomass)
        return float(np.sqrt(np.sum(by_event**2)))

    def motion(self, variation: str, edge: float) -> float:
        """Return how far a shift moves events near an edge on average, GeV: what kinematics expects."""
        mass, _ = self.shifted(variation)
        near = np.abs(self.pseudomass - edge) < NEAR
        return float(np.average((mass - self.pseudomass)[near], weights=self.weight[near]))


def _at(fit: EdgeFit, edges: Column, masses: Column) -> Column:
    """Return the influence of events of some masses on a fit, 0 outside its range, shape (n,)."""
    place = np.searchsorted(edges, masses, side="right")
    at: Column = np.concatenate([[0.0], fit.fluctuations(np.ones(len(edges) - 1)), [0.0]])[place]
    return at


@dataclass(frozen=True)
class Systematics:
    """What is needed to shift a measurement.

    Parameters
    ----------
    inputs, bias
        Of the run, and the line that was taken off.
    fit, counts
        Of the data.
    events
        Of the simulated mass nearest to the PDG's, which is shifted.
    """

    inputs: TauMassInputs
    bias: Bias
    fit: EdgeFit
    counts: Column
    events: ShiftedEvents

    def refitted(self) -> Iterator[tuple[str, Shift]]:
        """Yield the shifts of the channel, and of the backgrounds' yields, GeV."""
        inputs, mass = self.inputs, nearest(self.inputs)
        luminosity = inputs.luminosity_of(mass)
        background, signal = inputs.background(luminosity), inputs.signal(mass)
        nominal = fit_edge(inputs.edges, signal.values + background)
        for name in inputs.channel.shifts:
            sides = []
            for variation in (f"{name}_up", f"{name}_down"):
                counts = inputs.signal(mass, variation).values + background
                again = fit_edge(inputs.edges, counts, start=nominal.values)
                error = self.events.error(variation, nominal, again, inputs.edges)
                sides.append((again.edge - nominal.edge, error))
            yield name, inputs.as_known(name, self._shift(sides, "the shifted events refitted"))
        own = nominal.fluctuations(signal.variances)
        for name, systematic in inputs.channel.systematics.items():
            affected = set(inputs.backgrounds) & set(systematic.processes or inputs.backgrounds)
            if systematic.kind != "normalisation" or not affected:
                continue
            sides = []
            for sign in (+1, -1):
                scales = dict.fromkeys(affected, 1.0 + sign * systematic.size)
                counts = signal.values + inputs.background(luminosity, scales)
                again = fit_edge(inputs.edges, counts, start=nominal.values)
                by_bin = again.fluctuations(signal.variances) - own
                sides.append((again.edge - nominal.edge, float(np.linalg.norm(by_bin))))
            yield name, self._shift(sides, "the backgrounds scaled and all refitted")

    def _shift(self, sides: list[tuple[float, float]], how: str) -> Shift:
        (up, up_error), (down, down_error) = sides
        error = up_error if abs(up) >= abs(down) else down_error
        return Shift(up, down, how, error).times(1.0 / (1.0 + self.bias.slope))

    def estimator_bias(self) -> Shift:
        """Return the error of the bias, which is the statistics of the samples of other masses, GeV."""
        error = self.bias.error_at(self.bias.corrected(self.fit.edge)) / (1.0 + self.bias.slope)
        return Shift(error, -error, "the error of the line through the samples' biases")

    def other_functions(self) -> dict[str, tuple[float, float]]:
        """Return by edge function how far its answer is from the fit's, and the error of this, GeV.

        Each has a bias of its own, from the same samples. Where the data are of the same simulation both
        answers are right, and differ by chance only. Functions of more parameters are left out: what they
        would add is the larger error that these give.
        """
        parameters = len(SHAPES[self.fit.shape].parameters)
        masses = tuple(point.mass for point in self.bias.points)
        found = self.bias.corrected(self.fit.edge)
        taken = self.bias.shares(found) / (1.0 + self.bias.slope)
        of_data = self.fit.fluctuations(self.counts) / (1.0 + self.bias.slope)
        differences = {}
        for shape in SHAPES:
            if shape == self.fit.shape or len(SHAPES[shape].parameters) > parameters:
                continue
            bias = bias_of(self.inputs, masses, shape)
            fit = fit_edge(self.inputs.edges, self.counts, shape=shape)
            answer = bias.corrected(fit.edge)
            shares = bias.shares(answer) / (1.0 + bias.slope)
            variance = np.sum((fit.fluctuations(self.counts) / (1.0 + bias.slope) - of_data) ** 2)
            points = zip(shares, bias.points, taken, self.bias.points, strict=True)
            for share, point, own_share, own in points:
                variance += np.sum((share * point.fluctuation - own_share * own.fluctuation) ** 2)
            differences[shape] = (answer - found, float(np.sqrt(variance)))
        return differences


def systematics(source: Systematics) -> dict[str, Shift]:
    """Return all systematic shifts of a measurement, GeV, in the order of the publication."""
    others = source.other_functions()
    extremes = [difference for difference, _ in others.values()]
    _, error = max(others.values(), key=lambda item: abs(item[0]))
    shapes = ", ".join((source.fit.shape, *others))
    found = dict(source.refitted())
    found["estimator_bias"] = source.estimator_bias()
    found["fit_function"] = Shift(
        max(0.0, *extremes), min(0.0, *extremes), f"data and samples fitted with {shapes}", error
    )
    order = (*PUBLISHED, *(name for name in found if name not in PUBLISHED))
    return {name: found[name] for name in order if name in found}


def limited_by_simulation(shifts: Mapping[str, Shift]) -> set[str]:
    """Return the sources whose shift is within two errors of none, or all of it statistics of the samples."""
    return {
        name for name, item in shifts.items() if item.error is None or item.size < SIGNIFICANT * item.error
    }
