from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator

SIZE = 1500


def to_kaon_and(pions: int, events: GeneratedEvents, code: int) -> NDArray[np.bool_]:
    """Return which ancestors are of a code and decay into K−, so many π+ and no more, or the conjugate."""
    ancestors, size = events.ancestors, len(events.ancestors.pdg)
    event = np.repeat(np.arange(len(events)), np.diff(ancestors.offsets))
    above = ancestors.row(event, ancestors.mother)
    mother = events.mother_row
    has = mother >= 0
    sign = np.sign(ancestors.pdg)[mother]

    def number(which: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(mother[has & which], minlength=size)

    everything = number(has) + np.bincount(above[above >= 0], minlength=size)
    exact: NDArray[np.bool_] = (
        (number(events.pdg == -321 * sign) == 1)
        & (number(events.pdg == 211 * sign) == pions)
        & (everything == 1 + pions)
        & (np.abs(ancestors.pdg) == code)
    )
    return exact


def chains(events: GeneratedEvents, charm: str) -> int:
    """Return the number of forced decays, of either charge."""
    if charm == "d_plus":
        return int(to_kaon_and(2, events, 411).sum())
    ancestors = events.ancestors
    event = np.repeat(np.arange(len(events)), np.diff(ancestors.offsets))
    above = ancestors.row(event, ancestors.mother)
    from_vector = ancestors.pdg[above] == np.sign(ancestors.pdg) * 413
    return int((to_kaon_and(1, events, 421) & (above >= 0) & from_vector).sum())


@pytest.mark.parametrize(
    ("charm", "code", "also"),
    # the other meson: its share per quark in Pythia times the branching fraction, at most
    [("d_star", 413, 0.25 * 0.027), ("d_plus", 411, 0.35 * 0.094)],
)
def test_each_event_has_the_decay(charm: str, code: int, also: float) -> None:
    events = generator("ccbar", charm=charm).generate(SIZE, np.random.default_rng(1)).events
    found = chains(events, charm)
    assert SIZE <= found <= SIZE * (1.0 + also) + 4.0 * math.sqrt(SIZE * also)
    codes = events.ancestors.pdg
    positive, negative = np.sum(codes == code), np.sum(codes == -code)
    assert abs(int(positive) - int(negative)) < 4.0 * math.sqrt(SIZE)


def test_charm_mesons_live_as_long_as_the_pdg_says() -> None:
    # 2024: cτ of D+ 309.8 µm, of D0 123.0 µm
    events = generator("ccbar", charm="d_plus").generate(SIZE, np.random.default_rng(2)).events
    kaon = (np.abs(events.mother_pdg) == 411) & (np.abs(events.pdg) == 321)
    energy = events.ancestor_momenta().energy[events.mother_row[kaon]]
    proper = events.t[kaon] * 1.86966 / energy
    assert len(proper) >= SIZE
    assert proper.mean() == pytest.approx(309.8e-4, rel=4.0 / math.sqrt(len(proper)))


def test_yields_follow_the_measured_shares() -> None:
    # σ(cc̄) times two quarks times the share of D*+ times 67.7 % times 3.945 %
    star = generator("ccbar", charm="d_star")
    expected = 1.30e6 * 2 * 0.2429 * 0.677 * 0.03945
    assert star.cross_section_fb * star.branching_fraction == pytest.approx(expected)
    plus = generator("ccbar", charm="d_plus")
    assert plus.cross_section_fb * plus.branching_fraction == pytest.approx(1.30e6 * 2 * 0.2404 * 0.0938)


def test_share_of_the_free_decay() -> None:
    # D0 → K−π+ where nothing is forced: PDG 2024, 3.945 %, inclusive of photons
    events = generator("ccbar").generate(4000, np.random.default_rng(3)).events
    expected = 0.03945 * np.sum(np.abs(events.ancestors.pdg) == 421)
    found = to_kaon_and(1, events, 421).sum()
    assert found == pytest.approx(expected, abs=4.0 * math.sqrt(expected))


def test_an_unknown_meson_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="charm of ccbar must be one of d_star, d_plus"):
        generator("ccbar", charm="d_s")
