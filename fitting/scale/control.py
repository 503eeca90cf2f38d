"""From the masses in a run to scale factors, and to what they leave of the masses of other peaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from darkbelle.channels import Channel, load_channel
from darkbelle.constants import D_PLUS_MASS, D_ZERO_MASS, JPSI_MASS, NEUTRAL_KAON_MASS
from darkbelle.errors import FitError
from darkbelle.fitting.page import Table
from darkbelle.fitting.scale.factors import ScaleBias, solve
from darkbelle.fitting.scale.peaks import PeakFit, fit_peak
from darkbelle.fitting.scale.tables import write_table
from darkbelle.provenance import provenance
from darkbelle.runfolder import FIT, SCALE_TABLE, SCHEMA, RunResult, load_result, write_json
from darkbelle.vectors import Column

__all__ = ["PEAKS", "Check", "Peak", "Scale", "ScaleInputs", "checks", "measure", "scale_inputs", "scale_of"]

CALIBRATING: Final = "d_star"
MEV: Final = 1e3
LEAST_EVENTS: Final = 25  # in a combination of bins, for its peak to be fitted

Data = Literal["observed", "pseudo"]


@dataclass(frozen=True)
class Peak:
    """What is known of a peak beforehand: histogram, PDG mass and its error, and about its width, GeV."""

    observable: str
    mass: float
    mass_error: float
    width: float


# by region; errors PDG 2024
PEAKS: Final = {
    "d_star": Peak("d_zero", D_ZERO_MASS, 0.05e-3, 5e-3),
    "d_plus": Peak("d_plus", D_PLUS_MASS, 0.05e-3, 5e-3),
    "k_short": Peak("k_short", NEUTRAL_KAON_MASS, 0.013e-3, 2e-3),
    "jpsi": Peak("jpsi", JPSI_MASS, 0.006e-3, 1e-2),
}


@dataclass(frozen=True)
class ScaleInputs:
    """The histograms of a run, summed over datasets as they are.

    Parameters
    ----------
    channel
        Its declaration.
    histograms
        Contents by region and observable.
    applied
        The digest of the table that momenta were corrected with already, or None.
    """

    channel: Channel
    histograms: Mapping[tuple[str, str], Column]
    applied: str | None

    def of(self, region: str, observable: str) -> Column:
        """Return the contents of a histogram.

        Raises
        ------
        FitError
            No dataset filled it.
        """
        if (region, observable) not in self.histograms:
            found = ", ".join(sorted({name for name, _ in self.histograms})) or "none"
            raise FitError(
                f"the run has no {observable!r} of region {region!r}, it has regions {found}; "
                f"add a dataset with `region: {region}`"
            )
        return self.histograms[region, observable]

    @property
    def regions(self) -> tuple[str, ...]:
        """Those that were filled, in the channel's order."""
        return tuple(
            name for name in self.channel.regions if (name, PEAKS[name].observable) in self.histograms
        )

    def mass_edges(self, region: str) -> Column:
        """Return the edges of the mass axis of a region, GeV."""
        _, axis = self.channel.observables[PEAKS[region].observable].axes
        return self.channel.axes[axis].edges

    def leverage(self, region: str) -> Column:
        """Return the mean ∂ln M/∂ln p by bin of cosθ and by bin and charge of tracks, NaN where no events."""
        total = self.of(region, "near_peak")
        mean: Column = np.divide(
            self.of(region, "leverage"),
            total[:, None],
            out=np.full((len(total), self.channel.axes["track"].bins), np.nan),
            where=total[:, None] > 0,
        )
        return mean


@dataclass(frozen=True)
class Check:
    """A peak against cosθ of its first daughter, before and after the factors; offsets to the PDG in MeV.

    Arrays have shape (bins,), NaN in bins with too few events. Errors after have those of the factors in
    them. ``whole`` is the fit of all bins together.
    """

    region: str
    cos_theta: Column
    before: Column
    before_error: Column
    after: Column
    after_error: Column
    whole: PeakFit


@dataclass(frozen=True)
class Scale:
    """The result of the channel: biases of the scale, and the checks by region."""

    channel: str
    bias: ScaleBias
    checks: Mapping[str, Check]
    data: Data
    applied: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``fit.json``."""
        bins = len(self.bias.cos_theta) - 1
        factors = 1 / (1 + self.bias.values)
        odd, odd_error = self.bias.odd
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "parameter": "momentum_scale",
            "data": self.data,
            "corrected_before": self.applied,
            "cos_theta": self.bias.cos_theta.tolist(),
            "negative": factors[:bins].tolist(),
            "positive": factors[bins:].tolist(),
            "covariance": self.bias.covariance.tolist(),
            "common_uncertainty": self.bias.common,
            "mean_bias": self.bias.mean,
            "mean_bias_error": self.bias.mean_error,
            "charge_odd_bias": odd,
            "charge_odd_bias_error": odd_error,
            "chi_squared": self.bias.chi_squared,
            "degrees_of_freedom": self.bias.degrees_of_freedom,
            "offsets_mev": {name: _as_json(check) for name, check in self.checks.items()},
        }

    def tables(self) -> tuple[Table, ...]:
        """Return the factors, and how far masses are off before and after them."""
        bias, what = self.bias, "Data" if self.data == "observed" else "SIMULATION"
        bins = len(bias.cos_theta) - 1
        factors = [
            (
                f"{bias.cos_theta[i]:.3f} to {bias.cos_theta[i + 1]:.3f}",
                *(f"{1 / (1 + bias.values[j]):.6f} ± {bias.errors[j]:.6f}" for j in (i, bins + i)),
            )
            for i in range(bins)
        ]
        offsets = [
            (
                region,
                float(np.nanmax(np.abs(check.before))),
                float(np.nanmax(np.abs(check.after))),
                float(np.nanmax(check.after_error)),
                int(np.isfinite(check.before).sum()),
            )
            for region, check in self.checks.items()
        ]
        return (
            Table(f"{what}: factors for measured momenta", ("cosθ", "negative", "positive"), factors),
            Table(
                f"{what}: largest offset to the PDG's mass in any bin [MeV]",
                ("region", "before", "after", "largest error after", "bins"),
                offsets,
            ),
        )

    @property
    def remark(self) -> str:
        """What is known of the scale on the whole."""
        bias, (odd, odd_error) = self.bias, self.bias.odd
        return (
            f"Averaged over tracks momenta are biased by ({1e4 * bias.mean:.2f} ± {1e4 * bias.mean_error:.2f})"
            f"·10⁻⁴, of which {1e4 * bias.common:.2f}·10⁻⁴ is the error of the PDG's D0 mass. Half the "
            f"difference of the charges is ({1e4 * odd:.2f} ± {1e4 * odd_error:.2f})·10⁻⁴: a D0 hardly knows "
            "it, so that factors of single bins are worse known than their mean. "
            f"χ² = {bias.chi_squared:.1f} for {bias.degrees_of_freedom} degrees of freedom."
        )


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


def scale_inputs(result: RunResult, data: Data = "pseudo") -> ScaleInputs:
    """Return the histograms of a run's data, or of its simulation."""
    histograms: dict[tuple[str, str], Column] = {}
    for item in result.datasets.values():
        if item.dataset.is_data == (data == "observed"):
            for key, histogram in item.output.histograms.items():
                values = np.asarray(histogram.values(flow=False))
                histograms[key.region, key.observable] = values + histograms.get(
                    (key.region, key.observable), 0.0
                )
    table = result.processor.get("momentum_scale")
    used = table is not None and (data == "observed" or result.processor["corrected"] == "all")
    return ScaleInputs(load_channel(result.channel), histograms, table["source"] if table and used else None)


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


def _as_json(check: Check) -> dict[str, Any]:
    columns = ("before", "before_error", "after", "after_error")
    return {name: list(_finite(getattr(check, name))) for name in columns}


def _finite(values: Column) -> Iterator[float | None]:
    return (float(value) if np.isfinite(value) else None for value in values)
