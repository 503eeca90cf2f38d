"""Decay modes of the τ: names, branching fractions, groups by number of charged particles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError

__all__ = ["GROUPS", "MODES", "Mode", "branching_fractions", "chosen_modes", "members", "recognised"]

ELECTRON, MUON, PHOTON, NEUTRAL_PION, PION, ETA, KAON = 11, 13, 22, 111, 211, 221, 321
NEUTRAL_KAON = 311  # stands for K_S and K_L


class Mode(NamedTuple):
    """A decay mode.

    Attributes
    ----------
    number
        TAUOLA's, which two modes may share.
    hadrons
        Code of each charged lepton, hadron or hard photon, charges left out, and how many there are.
    fraction
        Branching fraction.
    """

    number: int
    hadrons: dict[int, int]
    fraction: float

    @property
    def prongs(self) -> int:
        """Number of charged particles; those from K_S and η are not counted."""
        return sum(self.hadrons.get(code, 0) for code in (ELECTRON, MUON, PION, KAON))


# PDG 2024; the rarer ones as Belle II's decay table (DECAY_BELLE2.DEC in decaylanguage) has them from the
# PDG's fit, π ω counted among the final states of ω (π+π−π0 0.892, π0γ 0.0835, π+π− 0.0153). K0 are apart
# everywhere, so 3pi is 9.02 %, not 9.31 %. TAUOLA lacks modes of 0.3 % in all, π4π0 and K3π0 the most
# frequent: these are shared among the others. Modes with four or more hadrons beside 3pipi0 and pi3pi0 are
# by phase space in TAUOLA, without polarimeter.
MODES: dict[str, Mode] = {
    "e": Mode(1, {ELECTRON: 1}, 0.1782),
    "mu": Mode(2, {MUON: 1}, 0.1739),
    "pi": Mode(3, {PION: 1}, 0.1082),
    "pipi0": Mode(4, {PION: 1, NEUTRAL_PION: 1}, 0.2549),
    "pi2pi0": Mode(5, {PION: 1, NEUTRAL_PION: 2}, 0.0926),
    "pi3pi0": Mode(9, {PION: 1, NEUTRAL_PION: 3}, 0.0104),
    "pipi0gamma": Mode(21, {PION: 1, NEUTRAL_PION: 1, PHOTON: 1}, 0.00163),
    "etapipi0": Mode(20, {PION: 1, NEUTRAL_PION: 1, ETA: 1}, 0.00139),
    "K": Mode(6, {KAON: 1}, 0.00696),
    "Kpi0": Mode(7, {KAON: 1, NEUTRAL_PION: 1}, 0.00433),
    "K2pi0": Mode(17, {KAON: 1, NEUTRAL_PION: 2}, 0.00065),
    "piK0": Mode(7, {PION: 1, NEUTRAL_KAON: 1}, 0.00838),
    "piK0pi0": Mode(19, {PION: 1, NEUTRAL_KAON: 1, NEUTRAL_PION: 1}, 0.00382),
    "KK0": Mode(22, {KAON: 1, NEUTRAL_KAON: 1}, 0.00149),
    "KK0pi0": Mode(16, {KAON: 1, NEUTRAL_KAON: 1, NEUTRAL_PION: 1}, 0.00150),
    "piK0K0": Mode(15, {PION: 1, NEUTRAL_KAON: 2}, 0.00155),
    "3pi": Mode(5, {PION: 3}, 0.0902),
    "3pipi0": Mode(8, {PION: 3, NEUTRAL_PION: 1}, 0.0448),
    "3pi2pi0": Mode(10, {PION: 3, NEUTRAL_PION: 2}, 0.00462),
    "3pi3pi0": Mode(13, {PION: 3, NEUTRAL_PION: 3}, 0.00008),
    "Kpipi": Mode(18, {KAON: 1, PION: 2}, 0.00293),
    "KKpi": Mode(14, {KAON: 2, PION: 1}, 0.00144),
    "5pi": Mode(11, {PION: 5}, 0.00083),
    "5pipi0": Mode(12, {PION: 5, NEUTRAL_PION: 1}, 0.00011),
}

GROUPS: dict[str, tuple[str, ...]] = {
    "all": tuple(MODES),
    **{
        f"{prongs}prong": tuple(name for name, mode in MODES.items() if mode.prongs == prongs)
        for prongs in (1, 3, 5)
    },
}


def members(name: str) -> tuple[str, ...]:
    """Return the modes of a group, or the mode itself.

    Raises
    ------
    ConfigurationError
        There is no mode or group of that name.

    >>> members("5prong")
    ('5pi', '5pipi0')
    """
    if name in GROUPS:
        return GROUPS[name]
    if name not in MODES:
        raise ConfigurationError(
            f"there is no τ decay mode {name!r}, there are: {', '.join((*GROUPS, *MODES))}"
        )
    return (name,)


def branching_fractions(given: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the branching fraction of every mode; their sum is 1.

    Parameters
    ----------
    given
        Fractions of some modes instead of the known ones; the others are scaled to make up the rest.

    Raises
    ------
    ConfigurationError
        A name is no mode, a fraction is negative, or the given ones make more than 1.
    """
    given = dict(given or {})
    unknown = sorted(set(given) - set(MODES))
    if unknown or min(given.values(), default=0.0) < 0.0 or sum(given.values()) > 1.0:
        raise ConfigurationError(
            f"branching fractions of the τ must name modes ({', '.join(MODES)}), none negative and all "
            f"together at most 1, got {given}"
        )
    named = given or {name: MODES[name].fraction for name in ("e", "mu", "pi", "pipi0")}
    rest = sum(mode.fraction for name, mode in MODES.items() if name not in named)
    scale = (1.0 - sum(named.values())) / rest if rest else 0.0
    return {name: named.get(name, scale * mode.fraction) for name, mode in MODES.items()}


def chosen_modes(
    names: NDArray[np.str_], fractions: Mapping[str, float], rng: np.random.Generator
) -> NDArray[np.str_]:
    """Return a mode for every τ: its own if it names one, one of the group at random if it names that."""
    chosen = names.astype("U16")
    for name in np.unique(names):
        modes = members(str(name))
        if modes == (name,):
            continue
        of_group = names == name
        shares = np.array([fractions[mode] for mode in modes])
        if shares.sum() == 0.0:
            raise ConfigurationError(f"all τ decay modes of the group {name!r} have the branching fraction 0")
        chosen[of_group] = rng.choice(np.array(modes), size=int(of_group.sum()), p=shares / shares.sum())
    return chosen


def recognised(products: NDArray[np.integer]) -> NDArray[np.str_]:
    """Return the mode that each row of products is of, ``""`` if it is none; shape (n,).

    Parameters
    ----------
    products
        PDG codes, shape (n, k), with 0 where there is none. Neutrinos count for nothing, nor do photons
        beside a charged lepton, which are radiation.
    """
    codes = np.abs(products)
    codes = np.where(np.isin(codes, (130, 310)), NEUTRAL_KAON, codes)
    kinds = (ELECTRON, MUON, PHOTON, NEUTRAL_PION, PION, ETA, KAON, NEUTRAL_KAON)
    counts = np.stack([(codes == kind).sum(axis=1) for kind in kinds], axis=1)
    counts[(counts[:, 0] + counts[:, 1]) > 0, kinds.index(PHOTON)] = 0
    signature = counts @ 8 ** np.arange(len(kinds))
    found = np.full(len(codes), "", dtype="U16")
    for name, mode in MODES.items():
        wanted = Counter(mode.hadrons)
        found[signature == sum(wanted[kind] * 8**i for i, kind in enumerate(kinds))] = name
    return found
