"""What a run has filled of energies of B mesons, and what is known of these beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from darkbelle.beams import NOMINAL as BEAMS
from darkbelle.channels import Channel, load_channel
from darkbelle.constants import B_PLUS_MASS, B_ZERO_MASS
from darkbelle.errors import FitError
from darkbelle.fitting.b_energy.estimator import threshold
from darkbelle.fitting.measurements import Shift
from darkbelle.results import NOMINAL, HistogramKey
from darkbelle.runfolder import DatasetResult, RunResult
from darkbelle.vectors import Column

__all__ = ["MESONS", "OBSERVABLE", "BEnergyInputs", "Data", "Meson", "RegionInputs", "b_energy_inputs"]

OBSERVABLE: Final = "b_energy"

Data = Literal["observed", "pseudo"]


class Meson(NamedTuple):
    """The mass of a B and its error, GeV."""

    mass: float
    error: float


B_PLUS: Final = Meson(B_PLUS_MASS, 0.07e-3)  # errors PDG 2024
B_ZERO: Final = Meson(B_ZERO_MASS, 0.08e-3)
MESONS: Final = {"d_zero_pi": B_PLUS, "d_pi": B_ZERO, "jpsi_k": B_PLUS}


@dataclass(frozen=True)
class RegionInputs:
    """The spectra of one decay, shape (bins,).

    Parameters
    ----------
    region
        Its name.
    edges
        Of the bins, GeV.
    signals
        By simulated mean of √s in GeV.
    background
        For 1/fb: as many as simulated, in the shape of a background at the threshold.
    data
        What was recorded; None without data.
    """

    region: str
    edges: Column
    signals: Mapping[float, DatasetResult]
    background: Column
    data: Column | None

    def luminosity_of(self, sqrt_s: float) -> float:
        """Return the luminosity that the simulation of an energy amounts to, 1/fb."""
        return 1.0 / self.signals[sqrt_s].scale_to(1.0)

    def signal(self, sqrt_s: float, variation: str = NOMINAL) -> Column:
        """Return the simulated spectrum of an energy, not scaled.

        Raises
        ------
        FitError
            The variation was not filled.
        """
        return _values(self.signals[sqrt_s], HistogramKey(self.region, OBSERVABLE, variation))

    def expected(self, sqrt_s: float, variation: str = NOMINAL) -> Column:
        """Return the simulated spectrum of an energy, and the background that belongs to it."""
        return self.signal(sqrt_s, variation) + self.background * self.luminosity_of(sqrt_s)

    def pseudo_data(self, sqrt_s: float, luminosity: float, rng: np.random.Generator) -> Column:
        """Return the sample of an energy as if it were data of a luminosity, at most that of the sample.

        Events are kept at random, and the background is drawn.
        """
        share = luminosity / self.luminosity_of(sqrt_s)
        kept = rng.binomial(np.round(self.signal(sqrt_s)).astype(np.int64), min(share, 1.0))
        return (kept + rng.poisson(self.background * luminosity)).astype(np.float64)


@dataclass(frozen=True)
class BEnergyInputs:
    """The decays of a run by region.

    Parameters
    ----------
    channel
        Its declaration.
    regions
        Those with simulated signal.
    scale_uncertainty
        Relative error of the momentum scale, from the table that the run's momenta were corrected with;
        None without: then the channel's own.
    """

    channel: Channel
    regions: Mapping[str, RegionInputs]
    scale_uncertainty: float | None

    @property
    def energies(self) -> tuple[float, ...]:
        """The means of √s that all decays were simulated with, GeV."""
        common = set.intersection(*(set(region.signals) for region in self.regions.values()))
        return tuple(sorted(common))

    @property
    def nearest(self) -> float:
        """That nearest to the nominal energy of the beams."""
        return min(self.energies, key=lambda energy: abs(energy - BEAMS.sqrt_s))

    def luminosity_of(self, sqrt_s: float) -> float:
        """Return the luminosity that the simulation of an energy amounts to in all decays, 1/fb."""
        return min(region.luminosity_of(sqrt_s) for region in self.regions.values())

    def as_known(self, source: str, shift: Shift) -> Shift:
        """Return the shift of the momentum scale by as much as its control channel leaves unknown."""
        known = self.scale_uncertainty if source == "momentum_scale" else None
        return shift.of_control(self.channel.shifts[source].size, known)


def b_energy_inputs(result: RunResult) -> BEnergyInputs:
    """Return the spectra of a run.

    Raises
    ------
    FitError
        A sample of signal has no energy, two of a decay have the same, or there is none.
    """
    channel = load_channel(result.channel)
    axis = channel.axes[OBSERVABLE]
    regions = {}
    for region in channel.regions:
        items = {
            name: item for name, item in sorted(result.datasets.items()) if item.dataset.region == region
        }
        signals = _signals({n: i for n, i in items.items() if i.dataset.process == channel.signal})
        key = HistogramKey(region, OBSERVABLE)
        rest = [i for i in items.values() if i.dataset.process in channel.backgrounds]
        total = sum(float(_values(item, key).sum()) * item.scale_to(1.0) for item in rest)
        recorded = [_values(item, key) for item in items.values() if item.dataset.is_data]
        if signals:
            regions[region] = RegionInputs(
                region,
                axis.edges,
                signals,
                total * threshold(MESONS[region].mass)(axis.edges, 0.0),
                np.sum(recorded, axis=0) if recorded else None,
            )
    if not regions:
        raise FitError(
            f"the run has no dataset of {channel.signal!r} to calibrate with; add some of several energies"
        )
    table = result.processor.get("momentum_scale") or {}
    return BEnergyInputs(channel, regions, table.get("uncertainty"))


def _signals(items: Mapping[str, DatasetResult]) -> dict[float, DatasetResult]:
    found: dict[float, DatasetResult] = {}
    for name, item in items.items():
        if item.dataset.mass is None or item.dataset.mass in found:
            raise FitError(
                f"dataset {name!r} has the energy {item.dataset.mass}, expected one energy a sample of a "
                "decay; give `mass:`, the mean of √s in GeV, and put samples of one energy into one dataset"
            )
        found[item.dataset.mass] = item
    return found


def _values(item: DatasetResult, key: HistogramKey) -> Column:
    if key not in item.output.histograms:
        raise FitError(f"a dataset of region {key.region!r} has no histogram {'/'.join(key)}; run it again")
    return np.asarray(item.output.histograms[key].values(flow=False), dtype=np.float64)
