"""What is wrong, or asks for care, in a workspace, before any fit is made.

An *error* is what no fit can stand on: the workspace is not solved. A *warning* is what whoever quotes
the limit must know. Nothing is mended here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from darkbelle.fitting.asymptotics import asymptotic_overstatement
from darkbelle.fitting.findings import Finding
from darkbelle.vectors import Column

__all__ = ["FEW_EVENTS", "preflight"]

FEW_EVENTS = 10.0  # expected in the signal window, below which the asymptotic limit is noticeably too strong
SIGNAL_WINDOW = 0.9  # of the signal, in the bins where it stands out most
_FEWEST = 1e-3  # events, for which the error of asymptotics is quoted if there are still fewer
_NOTICEABLE = 0.01  # of a bin, below which a shift is not worth a word


def preflight(workspace: Mapping[str, Any], confidence_level: float = 0.95) -> tuple[Finding, ...]:
    """Return all that is found in a workspace, errors first.

    Parameters
    ----------
    workspace
        As pyhf's schema 1.0.0 wants it, with one measurement.
    confidence_level
        At which the error of asymptotics is quoted.
    """
    malformed = [
        Finding("error", "malformed", region, sample, name, (), np.inf, message)
        for region, sample, name, message in _malformed(workspace)
    ]
    if malformed:
        return tuple(malformed)
    poi = workspace["measurements"][0]["config"]["poi"]
    observations = {item["name"]: np.asarray(item["data"], float) for item in workspace["observations"]}
    found: list[Finding] = []
    for channel in workspace["channels"]:
        for sample in channel["samples"]:
            found += _of_sample(channel["name"], sample)
        found += _of_data(channel["name"], observations[channel["name"]])
    if not any(item.severity == "error" for item in found):
        for channel in workspace["channels"]:
            found += _of_bins(channel, poi, observations[channel["name"]])
        found += _of_signal(workspace["channels"], poi, confidence_level)
    return tuple(sorted(found, key=lambda item: item.severity))


def _malformed(workspace: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield region, sample, systematic and message for what the checks below could not read."""
    missing = [key for key in ("channels", "observations", "measurements") if not workspace.get(key)]
    if missing:
        yield "", "", "", f"the workspace has no {', '.join(missing)}; is this a pyhf workspace?"
        return
    if len(workspace["measurements"]) > 1:
        names = ", ".join(item["name"] for item in workspace["measurements"])
        yield "", "", "", f"the workspace has several measurements, {names}; keep the one that is meant"
    sizes = {item["name"]: len(item["data"]) for item in workspace["observations"]}
    for channel in workspace["channels"]:
        region = channel["name"]
        if region not in sizes:
            yield region, "", "", f"{region} has no observations"
            continue
        for sample in channel["samples"]:
            for name, values in _arrays(sample):
                if len(values) != sizes[region]:
                    place = _place(region, sample["name"], name)
                    message = f"{place} has {len(values)} bins, expected {sizes[region]} as its observations"
                    yield region, sample["name"], name, message


def _arrays(sample: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[float]]]:
    """Yield the name of a systematic, empty for the nominal, and each of its columns."""
    yield "", sample["data"]
    for modifier in sample["modifiers"]:
        if modifier["type"] == "histosys":
            yield modifier["name"], modifier["data"]["hi_data"]
            yield modifier["name"], modifier["data"]["lo_data"]
        elif modifier["type"] in {"staterror", "shapesys"}:
            yield modifier["name"], modifier["data"]


def _place(region: str, sample: str, systematic: str = "") -> str:
    return "/".join(part for part in (region, sample, systematic) if part)


def _worst_first(badness: Column, mask: Any) -> tuple[int, ...]:
    bins = np.flatnonzero(mask)
    return tuple(bins[np.argsort(-badness[bins], kind="stable")].tolist())


def _in_bins(bins: Sequence[int]) -> str:
    return f"bin {bins[0]}" if len(bins) == 1 else f"bin {bins[0]} and {len(bins) - 1} others"


def _of_sample(region: str, sample: Mapping[str, Any]) -> Iterator[Finding]:
    name = sample["name"]
    nominal = np.asarray(sample["data"], float)
    sound = True
    for systematic, column in _arrays(sample):
        values = np.asarray(column, float)
        place = _place(region, name, systematic)
        if not np.isfinite(values).all():
            sound = False
            bins = _worst_first(values, ~np.isfinite(values))
            text = f"{place} is {values[bins[0]]} in {_in_bins(bins)}; look at the weights of its events"
            yield Finding("error", "not finite", region, name, systematic, bins, np.inf, text)
        elif (values < 0).any() and not _is_shift(sample, systematic):
            sound = False
            bins = _worst_first(-values, values < 0)
            text = (
                f"{place} is {values[bins[0]]:.3g} in {_in_bins(bins)}, expected at least 0; merge bins, or "
                "simulate more events"
            )
            yield Finding("error", "negative", region, name, systematic, bins, float(-values[bins[0]]), text)
    if not sound:
        return
    if not nominal.any():
        yield Finding("warning", "empty", region, name, "", (), 0.0, f"{region}/{name} is empty in all bins")
    for modifier in sample["modifiers"]:
        if modifier["type"] == "histosys":
            up, down = (np.asarray(modifier["data"][key], float) - nominal for key in ("hi_data", "lo_data"))
            yield from _of_shift(region, name, modifier["name"], nominal, up, down)
        elif modifier["type"] == "normsys":
            factors = modifier["data"]["hi"], modifier["data"]["lo"]
            yield from _of_norm(region, name, modifier["name"], *factors)


def _is_shift(sample: Mapping[str, Any], systematic: str) -> bool:
    return any(item["type"] == "histosys" and item["name"] == systematic for item in sample["modifiers"])


def _of_shift(
    region: str, sample: str, systematic: str, nominal: Column, up: Column, down: Column
) -> Iterator[Finding]:
    """Look at a histosys, as differences from the nominal."""
    filled = nominal > 0
    relative_up = np.divide(up, nominal, out=np.zeros_like(up), where=filled)
    relative_down = np.divide(down, nominal, out=np.zeros_like(up), where=filled)
    largest = np.maximum(np.abs(relative_up), np.abs(relative_down))
    place = _place(region, sample, systematic)
    if (largest > 1).any():
        bins = _worst_first(largest, largest > 1)
        text = f"{place} changes {_in_bins(bins)} by {_percent(relative_up, relative_down, bins[0])}"
        yield Finding(
            "warning", "above 100 %", region, sample, systematic, bins, float(largest[bins[0]]), text
        )
    smaller = np.minimum(np.abs(relative_up), np.abs(relative_down))
    same_way = (up * down > 0) & (smaller > _NOTICEABLE)
    if up.any() != down.any() and largest.max() > _NOTICEABLE:
        bins = _worst_first(largest, largest > _NOTICEABLE)
        side = "up" if up.any() else "down"
        text = f"{place} is shifted {side} only, its other template is the nominal one"
        yield Finding("warning", "one-sided", region, sample, systematic, bins, float(largest.max()), text)
    elif same_way.any():
        bins = _worst_first(smaller, same_way)
        both = _percent(relative_up, relative_down, bins[0])
        text = f"{place} moves {_in_bins(bins)} the same way up and down, by {both}"
        yield Finding("warning", "one-sided", region, sample, systematic, bins, float(smaller[bins[0]]), text)


def _percent(up: Column, down: Column, place: int) -> str:
    return f"{up[place]:+.0%} and {down[place]:+.0%}"


def _of_norm(region: str, sample: str, systematic: str, high: float, low: float) -> Iterator[Finding]:
    place = _place(region, sample, systematic)
    both = f"{high - 1:+.0%} and {low - 1:+.0%}"
    if not (0 < high < np.inf and 0 < low < np.inf):
        text = f"{place} has the factors {high:g} and {low:g}, expected positive ones; write it as a histosys"
        yield Finding("error", "negative", region, sample, systematic, (), np.inf, text)
        return
    largest = max(abs(high - 1), abs(low - 1))
    if largest > 1:
        text = f"{place} changes the sample by {both}"
        yield Finding("warning", "above 100 %", region, sample, systematic, (), largest, text)
    smaller = min(abs(high - 1), abs(low - 1))
    same_way = (high - 1) * (low - 1) > 0 and smaller > _NOTICEABLE
    if same_way or (smaller == 0 and largest > _NOTICEABLE):
        text = f"{place} changes the sample on one side only, by {both}"
        yield Finding("warning", "one-sided", region, sample, systematic, (), largest, text)


def _of_data(region: str, observed: Column) -> Iterator[Finding]:
    wrong = ~(np.isfinite(observed) & (observed >= 0))
    if wrong.any():
        bins = tuple(np.flatnonzero(wrong).tolist())
        text = f"{region} has {observed[bins[0]]} events in {_in_bins(bins)}, expected a number of at least 0"
        yield Finding("error", "not finite", region, "", "", bins, np.inf, text)


def _is_signal(sample: Mapping[str, Any], poi: str) -> bool:
    return any(item["name"] == poi for item in sample["modifiers"])


def _sum(samples: Sequence[Mapping[str, Any]], size: int) -> Column:
    total = np.zeros(size)
    for sample in samples:
        total += sample["data"]
    return total


def _of_bins(channel: Mapping[str, Any], poi: str, observed: Column) -> Iterator[Finding]:
    """Look at the bins of a region: who is in them, and how well that is simulated."""
    region, samples, size = channel["name"], channel["samples"], observed.size
    others = [sample for sample in samples if not _is_signal(sample, poi)]
    background = _sum(others, size)
    reachable = background + sum(
        (np.abs(np.subtract(column, sample["data"])) for sample in others for column in _shifts(sample)),
        start=np.zeros(size),
    )
    impossible = (observed > 0) & (reachable == 0)
    if impossible.any():
        bins = _worst_first(observed, impossible)
        events = f"{observed[bins[0]]:g} events in {_in_bins(bins)}"
        text = f"{region} has {events}, where no background expects any; merge it with its neighbour"
        yield Finding("error", "empty", region, "", "", bins, float(observed[bins[0]]), text)
    bare = (background == 0) & (observed == 0)
    if bare.any():
        bins = tuple(np.flatnonzero(bare).tolist())
        text = f"{region} expects no background in {_in_bins(bins)}; no simulated event is not no event"
        yield Finding("warning", "empty", region, "", "", bins, float(len(bins)), text)
    yield from _thin_simulation(region, samples, size)


def _shifts(sample: Mapping[str, Any]) -> Iterator[Sequence[float]]:
    for modifier in sample["modifiers"]:
        if modifier["type"] == "histosys":
            yield from (modifier["data"]["hi_data"], modifier["data"]["lo_data"])


def _thin_simulation(region: str, samples: Sequence[Mapping[str, Any]], size: int) -> Iterator[Finding]:
    """Find bins where simulation is worth fewer events than are expected: variance above the mean."""
    carriers: dict[str, list[tuple[str, Column, Column]]] = {}
    for sample in samples:
        for modifier in sample["modifiers"]:
            if modifier["type"] == "staterror":
                columns = (np.asarray(sample["data"], float), np.asarray(modifier["data"], float) ** 2)
                carriers.setdefault(modifier["name"], []).append((sample["name"], *columns))
    for systematic, members in carriers.items():
        expected = np.sum([nominal for _, nominal, _ in members], axis=0)
        variance = np.sum([squares for _, _, squares in members], axis=0)
        ratio = np.divide(variance, expected, out=np.zeros(size), where=expected > 0)
        if (ratio > 1).any():
            bins = _worst_first(ratio, ratio > 1)
            main = max(members, key=lambda member: float(member[2][bins[0]]))[0]
            text = (
                f"{region}/{main} is simulated with {1 / ratio[bins[0]]:.2g} events for each expected one "
                f"in {_in_bins(bins)}; the limit is that of the simulation, not of the data"
            )
            yield Finding(
                "warning", "thin simulation", region, main, systematic, bins, float(ratio[bins[0]]), text
            )


def _of_signal(channels: Sequence[Mapping[str, Any]], poi: str, confidence_level: float) -> Iterator[Finding]:
    """Look at where the signal stands out most."""
    signal, background, region, number = [], [], [], []
    for channel in channels:
        samples = channel["samples"]
        size = len(samples[0]["data"])
        signal.append(_sum([item for item in samples if _is_signal(item, poi)], size))
        background.append(_sum([item for item in samples if not _is_signal(item, poi)], size))
        region += [channel["name"]] * size
        number += list(range(size))
    s, b = np.concatenate(signal), np.concatenate(background)
    if not s.any():
        text = f"no region has a signal, of which {poi!r} is the normalisation"
        yield Finding("error", "empty", "", "", "", (), np.inf, text)
        return
    order = np.argsort(-s / np.maximum(b, 1e-300), kind="stable")
    last = int(np.searchsorted(np.cumsum(s[order]), SIGNAL_WINDOW * s.sum())) + 1
    chosen = order[:last]
    expected = float(b[chosen].sum())
    if expected < FEW_EVENTS:
        share = asymptotic_overstatement(max(expected, _FEWEST), confidence_level)
        main = region[int(chosen[np.argmax(s[chosen])])]
        bins = tuple(number[int(i)] for i in chosen if region[int(i)] == main)
        text = (
            f"asymptotics optimistic: {expected:.2g} background events expected where {SIGNAL_WINDOW:.0%} of "
            "the signal is; with none seen, the asymptotic limit of a counting experiment is "
            f"{share:.0%} too strong, use --toys"
        )
        yield Finding("warning", "few events", main, "", "", bins, share, text)
