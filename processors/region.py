"""Fill a region: its observables, its cutflow, and the fitted observable again for each shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import hist

from darkbelle.channels import Channel
from darkbelle.processors.base import Filled, filled, with_prefix
from darkbelle.processors.opening import Opened
from darkbelle.results import Cutflow, HistogramKey
from darkbelle.selections.cuts import Columns, Cut, Decisions, evaluate, split_at_first_reading
from darkbelle.selections.shifts import BeamShift, Shift, WeightShift, variations
from darkbelle.selections.weights import on_grid
from darkbelle.vectors import Column, FourVector

__all__ = ["FilledRegion", "RegionRecipe", "fill_region"]


@dataclass(frozen=True)
class RegionRecipe:
    """What a selection gives to fill one of its regions with.

    Parameters
    ----------
    region
        Its name in the channel file.
    cuts
        In the order of the cutflow.
    kinematics
        Returns the columns that follow from others and the beams.
    kinematic_inputs, kinematic_columns
        What it reads and what it returns.
    fitted
        The observable of the fit, which is filled for each shift.
    cuts_on
        By observable: cuts on it, which are left out where it is drawn.
    shifts, beam_shifts, weight_shifts
        By systematic of the channel: what changes. Factors on weights may read what `kinematics` reads and
        returns, and truth.
    """

    region: str
    cuts: Sequence[Cut]
    kinematics: Callable[[Columns, FourVector], dict[str, Column]]
    kinematic_inputs: tuple[str, ...]
    kinematic_columns: tuple[str, ...]
    fitted: str
    cuts_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    beam_shifts: Mapping[str, BeamShift] = field(default_factory=dict)
    weight_shifts: Mapping[str, WeightShift] = field(default_factory=dict)


class FilledRegion(NamedTuple):
    """Histograms of a region, its cutflow, what the cuts said, and all columns of its events."""

    fills: dict[HistogramKey, Filled]
    cutflow: Cutflow
    decisions: Decisions
    columns: Columns

    @property
    def histograms(self) -> dict[HistogramKey, hist.Hist]:
        """The histograms alone."""
        return {key: fill.histogram for key, fill in self.fills.items()}

    @property
    def counts(self) -> dict[str, int]:
        """NaN by column that a cut met, and entries left out of histograms, as counts of a chunk."""
        return with_prefix("nan", self.decisions.nan) | self.unfilled

    @property
    def unfilled(self) -> dict[str, int]:
        """Entries left out because an axis had NaN, as counts by observable; none where there were none."""
        counts: dict[str, int] = {}
        for key, fill in self.fills.items():
            if fill.nan:
                counts[f"unfilled/{key.observable}"] = fill.nan
        return counts


def fill_region(channel: Channel, opened: Opened, recipe: RegionRecipe) -> FilledRegion:
    """Apply the cuts of a region and fill it; of simulation, its shifts too."""
    events = opened.events
    nominal = events.columns | recipe.kinematics(events.columns, events.beam)
    decisions = evaluate(recipe.cuts, nominal)
    fills = {}
    for observable in channel.regions[recipe.region].observables:
        mask = decisions.without(*recipe.cuts_on.get(observable, ()))
        key = HistogramKey(recipe.region, observable)
        fills[key] = filled(channel, observable, nominal, events.weights, mask)
    if opened.truth:
        fills |= _shifted(channel, opened, recipe, decisions)
    return FilledRegion(fills, decisions.cutflow(events.weights), decisions, nominal)


def _shifted(
    channel: Channel, opened: Opened, recipe: RegionRecipe, decisions: Decisions
) -> dict[HistogramKey, Filled]:
    """Shift columns, beams or weights, compute all that follows from them anew, apply the cuts and fill."""
    before, after = split_at_first_reading(recipe.cuts, recipe.kinematic_columns)
    events = opened.events.rows(decisions.pass_first(len(before)), _read_again(recipe, after, opened.truth))
    fills = {}
    for variation in variations(channel.systematics, opened.process):
        columns, beam, weights = dict(events.columns), events.beam, events.weights
        if variation.systematic in recipe.beam_shifts:
            beam = recipe.beam_shifts[variation.systematic](beam, variation.size)
        elif variation.systematic in recipe.shifts:
            columns |= recipe.shifts[variation.systematic](events.columns, variation.size)
        columns |= recipe.kinematics(columns, beam)
        if variation.systematic in recipe.weight_shifts:
            weights = on_grid(weights * recipe.weight_shifts[variation.systematic](columns, variation.size))
        selected = evaluate(after, columns).selected
        key = HistogramKey(recipe.region, recipe.fitted, variation.name)
        fills[key] = filled(channel, recipe.fitted, columns, weights, selected)
    return fills


def _read_again(recipe: RegionRecipe, cuts: Sequence[Cut], truth: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of the ntuple that a shift and the cuts after it read."""
    read_by_cuts = {name for cut in cuts for name in cut.reads} - set(recipe.kinematic_columns)
    return (*recipe.kinematic_inputs, *truth, *sorted(read_by_cuts))
