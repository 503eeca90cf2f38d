"""The result of the channel: biases of the scale, and what is left of the masses of peaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from darkbelle.fitting.page import Table
from darkbelle.fitting.scale.factors import ScaleBias
from darkbelle.fitting.scale.inputs import Data
from darkbelle.fitting.scale.peaks import PeakFit
from darkbelle.runfolder import SCHEMA
from darkbelle.vectors import Column

__all__ = ["Check", "Scale"]


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
        bias = self.bias
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
            Table("Factors for measured momenta", ("cosθ", "negative", "positive"), factors),
            Table(
                "Largest offset to the PDG's mass in any bin [MeV]",
                ("region", "before", "after", "largest error after", "bins"),
                offsets,
            ),
        )

    @property
    def remark(self) -> str:
        """What is known of the scale on the whole."""
        bias, (odd, odd_error) = self.bias, self.bias.odd
        return (
            f"Averaged over tracks momenta are biased by ({1e4 * bias.mean:.2f} ± "
            f"{1e4 * bias.mean_error:.2f})·10⁻⁴, of which {1e4 * bias.common:.2f}·10⁻⁴ is the error of the "
            f"PDG's D0 mass. Half the difference of the charges is ({1e4 * odd:.2f} ± "
            f"{1e4 * odd_error:.2f})·10⁻⁴: a D0 hardly knows it, so that factors "
            "of single bins are worse known than their mean. "
            f"χ² = {bias.chi_squared:.1f} for {bias.degrees_of_freedom} degrees of freedom."
        )


def _as_json(check: Check) -> dict[str, Any]:
    columns = ("before", "before_error", "after", "after_error")
    return {name: list(_finite(getattr(check, name))) for name in columns}


def _finite(values: Column) -> Iterator[float | None]:
    return (float(value) if np.isfinite(value) else None for value in values)
