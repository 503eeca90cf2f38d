"""From the masses in a run to scale factors, and to what they leave of the masses of other peaks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from darkbelle.fitting.scale.factors import ScaleBias, solve
from darkbelle.fitting.scale.inputs import MEV, PEAKS, Data, ScaleInputs, scale_inputs
from darkbelle.fitting.scale.peaks import fit_peak
from darkbelle.fitting.scale.result import Check, Scale
from darkbelle.fitting.scale.tables import write_table
from darkbelle.provenance import provenance
from darkbelle.runfolder import FIT, SCALE_TABLE, load_result, write_json

__all__ = ["checks", "measure", "places_of", "scale_of"]

CALIBRATING: Final = "d_star"
LEAST_EVENTS: Final = 25  # in a combination of bins, for its peak to be fitted


def measure(run_dir: str | Path, *, data: Data = "pseudo", seed: int = 1) -> Scale:  # noqa: ARG001  # as others
    """Measure the scale in a run, and write ``RUN/momentum_scale.json`` and ``RUN/fit.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    data
        ``observed`` takes the datasets of data; it is asked for by name. ``pseudo`` takes simulation.
    seed
        Nothing is drawn.

    Raises
    ------
    FitError
        There is no D*+ → D0π+, there are too few, or a fit does not converge.
    """
    inputs = scale_inputs(load_result(run_dir), data)
    bias = scale_of(inputs)
    found = Scale(inputs.channel.name, bias, checks(inputs, bias), data, inputs.applied)
    write_table(Path(run_dir) / SCALE_TABLE, bias)
    made = provenance(run=Path(run_dir).name)
    write_json(Path(run_dir) / FIT, {**found.as_json(), "provenance": made})
    return found


def scale_of(inputs: ScaleInputs) -> ScaleBias:
    """Return the biases that the masses of D0 → K−π+ tell.

    Raises
    ------
    FitError
        There are too few D0, or a fit does not converge.
    """
    peak, edges = PEAKS[CALIBRATING], inputs.mass_edges(CALIBRATING)
    by_pair = inputs.of(CALIBRATING, "d_zero_by_pair")
    whole = fit_peak(edges, by_pair.sum(axis=0), (peak.mass, peak.width))
    near = inputs.of(CALIBRATING, "near_peak_by_pair")
    sums = [inputs.of(CALIBRATING, f"leverage_{name}_by_pair") for name in ("kaon", "pion")]
    bins = inputs.channel.axes["cos_theta"].bins
    used = np.flatnonzero(near >= LEAST_EVENTS)
    fits = [fit_peak(edges, by_pair[pair], (whole.position, whole.width), whole.tails) for pair in used]
    leverage = np.zeros((len(used), 2 * bins))
    for row, pair in enumerate(used):
        for place, total in zip(places_of(int(pair), bins), sums, strict=True):
            leverage[row, place] = total[pair] / near[pair]
    weights = near[used] @ (leverage > 0)
    return solve(
        inputs.channel.axes["cos_theta"].edges,
        np.array([fit.position for fit in fits]) / peak.mass - 1,
        np.array([fit.position_error for fit in fits]) / peak.mass,
        leverage,
        weights / weights.sum() if weights.any() else weights,
        common=peak.mass_error / peak.mass * near.sum() / sum(total.sum() for total in sums),
    )


def places_of(pair: int, bins: int) -> tuple[int, int]:
    """Return bin and charge of kaon and pion of a pair, as `darkbelle.selections` numbers them.

    >>> places_of(0 * 8 + 3, 8)  # a negative kaon in the first bin, and a positive pion in the fourth
    (0, 11)
    """
    kaon, pion = divmod(pair, bins)
    return kaon, pion + (bins if kaon < bins else 0)


def checks(inputs: ScaleInputs, bias: ScaleBias) -> dict[str, Check]:
    """Return all peaks of a run against cosθ, before and after the factors.

    After is where the factors move a peak to by the mean leverage of its tracks, which is exact up to the
    squares of the biases; a run with the table applied shows it event by event.
    """
    return {region: _check(inputs, region, bias) for region in inputs.regions}


def _check(inputs: ScaleInputs, region: str, bias: ScaleBias) -> Check:
    peak, edges = PEAKS[region], inputs.mass_edges(region)
    counts, near = inputs.of(region, peak.observable), inputs.of(region, "near_peak")
    whole = fit_peak(edges, counts.sum(axis=0), (peak.mass, peak.width))
    bins = len(counts)
    position, error = np.full(bins, np.nan), np.full(bins, np.nan)
    for place in np.flatnonzero(near >= LEAST_EVENTS):
        fit = fit_peak(edges, counts[place], (whole.position, whole.width), whole.tails)
        position[place], error[place] = fit.position, fit.position_error
    leverage = inputs.leverage(region)
    moved = position * (1 + leverage @ (1 / (1 + bias.values) - 1))
    of_factors = peak.mass * np.sqrt(np.einsum("ki,ij,kj->k", leverage, bias.covariance, leverage))
    return Check(
        region,
        inputs.channel.axes["cos_theta"].edges,
        before=(position - peak.mass) * MEV,
        before_error=error * MEV,
        after=(moved - peak.mass) * MEV,
        after_error=np.hypot(error, of_factors) * MEV,
        whole=whole,
    )
