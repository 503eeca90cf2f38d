"""What a run has filled of narrow peaks, and what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from darkbelle.channels import Channel, load_channel
from darkbelle.constants import D_PLUS_MASS, D_ZERO_MASS, JPSI_MASS, NEUTRAL_KAON_MASS
from darkbelle.errors import FitError
from darkbelle.runfolder import RunResult
from darkbelle.vectors import Column

__all__ = ["MEV", "PEAKS", "Data", "Peak", "ScaleInputs", "scale_inputs"]

MEV: Final = 1e3

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
