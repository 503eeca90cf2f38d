r"""Signals at masses that were not simulated, from the simulated ones on both sides.

Shapes are moved in :math:`(x - x_0(M))/\sigma(M)`, further axes along. Where the mass squared is fitted the
peak is at :math:`x_0 = M^2`; elsewhere, as in the energy of a lepton, at the median of the simulated
signals. That place, resolution and efficiency are smooth functions through all simulated masses. A shift
keeps its size relative to the nominal signal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from darkbelle.fitting.morphing import Neighbours, Place, moved, neighbours, smooth
from darkbelle.fitting.resolution import core_resolution, median
from darkbelle.fitting.spectra import ProcessSpectra, Spectrum
from darkbelle.fitting.templates import FitInputs
from darkbelle.vectors import Column

__all__ = ["Method", "place_of", "predicted_signal", "scan_masses", "with_masses"]

Method = Literal["morphed", "vertical"]


def scan_masses(simulated: Iterable[float], step: float) -> tuple[float, ...]:
    """Return masses a step apart, and all simulated ones, which others keep half a step away from.

    >>> scan_masses([0.1, 0.5, 1.0], 0.2)
    (0.1, 0.3, 0.5, 0.7, 1.0)
    """
    fixed = np.array(sorted(simulated))
    count = int(np.floor((fixed[-1] - fixed[0]) / step + 1e-9))
    wanted = np.round(fixed[0] + step * np.arange(count + 1), 9)  # no digits of rounding
    apart = np.abs(wanted[:, None] - fixed).min(axis=1) > step / 2 * (1 + 1e-9)
    return tuple(np.sort(np.concatenate([fixed, wanted[apart]])).tolist())


def with_masses(inputs: FitInputs, masses: Iterable[float], method: Method = "morphed") -> FitInputs:
    """Return the inputs of a run with signals at further masses in GeV.

    Raises
    ------
    FitError
        A mass is not between two that were simulated.
    """
    signals, between = dict(inputs.signals), dict(inputs.between)
    wanted = [mass for mass in masses if mass not in signals]
    if wanted:
        place = place_of(inputs)
        for mass in wanted:
            signals[mass] = predicted_signal(inputs.signals, place, inputs.axis.edges, mass, method)
            between[mass] = neighbours(inputs.signals, mass)[:2]
    return replace(inputs, signals=dict(sorted(signals.items())), between=between)


def predicted_signal(
    signals: Mapping[float, ProcessSpectra],
    place: Callable[[float], Place],
    edges: Column,
    mass: float,
    method: Method = "morphed",
) -> ProcessSpectra:
    """Return the signal at a mass.

    Parameters
    ----------
    signals
        Simulated, by mass in GeV, for one unit of the parameter of interest.
    place
        Where the peak is at a mass, and its width.
    edges
        Of the first axis of the spectra, in the unit of the place.
    mass
        GeV, between two of these.
    method
        ``morphed``, or ``vertical``: the weighted mean of the neighbours where they are.

    Raises
    ------
    FitError
        The mass is not between two.
    """
    near = neighbours(signals, mass)
    low, high = signals[near.low], signals[near.high]
    totals = {m: float(item.nominal.values.sum()) for m, item in signals.items()}
    whole = smooth(totals, mass)

    def there(values: Column, origin: float) -> Column:
        found = values if method == "vertical" else moved(values, edges, place(origin), place(mass))
        return found * (whole / totals[origin])

    def between(one: Spectrum, two: Spectrum) -> Spectrum:
        pair = (there(one.values, near.low), there(two.values, near.high))
        squares = (
            there(one.variances, near.low) * (whole / totals[near.low]),
            there(two.variances, near.high) * (whole / totals[near.high]),
        )
        return Spectrum(_mean(pair, near, 1), _mean(squares, near, 2))

    shifts = {
        name: (between(up, high.shifts[name][0]), between(down, high.shifts[name][1]))
        for name, (up, down) in low.shifts.items()
    }
    weight = max(low.event_weight, high.event_weight)
    return ProcessSpectra(between(low.nominal, high.nominal), shifts, weight, low.produced)


def place_of(inputs: FitInputs) -> Callable[[float], Place]:
    """Return where the peak of a signal is and how wide, by mass, from all that were simulated."""
    edges = inputs.axis.edges
    peaks = {mass: signal.nominal.values.sum(axis=1) for mass, signal in inputs.signals.items()}
    widths = {mass: core_resolution(peak, edges) for mass, peak in peaks.items()}
    if inputs.fit.bins is None:
        return lambda mass: Place(mass**2, smooth(widths, mass))
    centres = {mass: median(peak, edges) for mass, peak in peaks.items()}
    return lambda mass: Place(smooth(centres, mass), smooth(widths, mass))


def _mean(pair: tuple[Column, Column], near: Neighbours, power: int) -> Column:
    mean: Column = (1 - near.share) ** power * pair[0] + near.share**power * pair[1]
    return mean
