"""Decay modes of the τ: names, branching fractions, groups by number of charged particles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError

__all__ = [
    "GROUPS",
    "MODES",
    "Mode",
    "branching_fractions",
    "chosen_modes",
    "members",
    "mode_numbers",
    "recognised",
]

ELECTRON, MUON, PHOTON, NEUTRAL_PION, PION, ETA, KAON = 11, 13, 22, 111, 211, 221, 321
K_LONG, K_SHORT = 130, 310
NEUTRINOS = (12, 14, 16)
NEUTRAL_KAON = 311  # stands for K_S and K_L

FREQUENT = 0.04


class Mode(NamedTuple):
    """A decay mode.

    Attributes
    ----------
    number
        TAUOLA's, which two modes may share; with two digits more, one of those that share it.
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
# everywhere, so 3pi is 9.02 %, not 9.31 %. TAUOLA lacks modes of 0.5 % in all, π4π0 and K3π0 the most
# frequent: these are given to those below `FREQUENT`,
# which so become 10 % larger than they stand here. TAUOLA makes 3pi2pi0, 3pi3pi0, 5pi and 5pipi0 by phase
# space, without polarimeter.
MODES: dict[str, Mode] = {
    "e": Mode(1, {ELECTRON: 1}, 0.1782),
    "mu": Mode(2, {MUON: 1}, 0.1739),
    "pi": Mode(3, {PION: 1}, 0.1082),
    "pipi0": Mode(4, {PION: 1, NEUTRAL_PION: 1}, 0.2549),
    "pi2pi0": Mode(502, {PION: 1, NEUTRAL_PION: 2}, 0.0926),
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
    "3pi": Mode(501, {PION: 3}, 0.0902),
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
    "3hadrons": tuple(
        name for name, mode in MODES.items() if set(mode.hadrons) <= {PION, KAON} and mode.prongs == 3
    ),
    "1prong_hadrons": tuple(
        name
        for name, mode in MODES.items()
        if mode.prongs == 1 and not {ELECTRON, MUON} & mode.hadrons.keys()
    ),
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
    named = given or {name: mode.fraction for name, mode in MODES.items() if mode.fraction > FREQUENT}
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
        See `mode_numbers`.
    """
    return np.array([*MODES, ""])[mode_numbers(products)]


def mode_numbers(products: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return which of `MODES`, counted from 0, each row of products is of, −1 if it is none; shape (n,).

    Parameters
    ----------
    products
        PDG codes, shape (n, k), with 0 where there is none. Neutrinos count for nothing, nor do photons
        beside a charged lepton, which are radiation. What no mode has, such as an α, makes it none.
    """
    codes = np.abs(products)
    kinds = (ELECTRON, MUON, PHOTON, NEUTRAL_PION, PION, ETA, KAON, NEUTRAL_KAON)
    codes = np.where((codes == K_LONG) | (codes == K_SHORT), NEUTRAL_KAON, codes)
    counts = np.stack([np.count_nonzero(codes == kind, axis=1) for kind in kinds], axis=1)
    counted = np.isin(codes, (0, *kinds, *NEUTRINOS)).all(axis=1)
    counts[(counts[:, 0] + counts[:, 1]) > 0, kinds.index(PHOTON)] = 0
    signature = counts @ 8 ** np.arange(len(kinds))
    known = np.array(
        [sum(mode.hadrons.get(kind, 0) * 8**i for i, kind in enumerate(kinds)) for mode in MODES.values()]
    )
    order = np.argsort(known)
    found = order[np.minimum(np.searchsorted(known, signature, sorter=order), len(known) - 1)]
    numbers: NDArray[np.int32] = np.where((known[found] == signature) & counted, found, -1).astype(np.int32)
    return numbers
