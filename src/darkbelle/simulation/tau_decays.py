"""Decays of τ leptons at rest, from TAUOLA, with the polarimeter vector of each."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from alouette import core as alouette
from numpy.typing import NDArray

from darkbelle.constants import TAU_MASS
from darkbelle.errors import SimulationError
from darkbelle.vectors import Column, FourVector

__all__ = ["BRANCHING_FRACTIONS", "TauDecays", "decay_taus"]

BRANCHING_FRACTIONS = {"e": 0.1782, "mu": 0.1739, "pi": 0.1082, "pipi0": 0.2549}  # PDG 2024

TAUOLA_MODES = {"e": 1, "mu": 2, "pi": 3, "pipi0": 4}
ANY_MODE = 0

MOST_PRODUCTS = 7
# struct alouette_products
PRODUCTS = np.dtype(
    [
        ("size", np.int32),
        ("pdg", np.int32, (MOST_PRODUCTS,)),
        ("momentum", np.float64, (MOST_PRODUCTS, 4)),
        ("polarimeter", np.float64, (3,)),
        ("weight", np.float64),
    ],
    align=True,
)


class TauDecays(NamedTuple):
    r"""Decays of unpolarised τ leptons in their rest frames, in random directions.

    Attributes
    ----------
    pdg
        int32, shape (n, 7): the products, 0 where there are fewer than seven. Neutral pions, η and
        kaons are undecayed; the photons are radiation in the leptonic decays.
    momenta
        Columns of shape (n, 7), GeV, 0 where there is no product.
    polarimeter
        Shape (n, 3): the vector :math:`\vec h` of :math:`d\Gamma\propto 1+\vec s\cdot\vec h`, with
        :math:`\vec s` the spin of the τ of either charge. Zero for modes without polarimeter in TAUOLA.
    """

    pdg: NDArray[np.int32]
    momenta: FourVector
    polarimeter: Column


def decay_taus(pdg: int, modes: NDArray[np.str_], rng: np.random.Generator) -> TauDecays:
    """Decay τ leptons of one charge at rest.

    Parameters
    ----------
    pdg
        15 for τ−, −15 for τ+.
    modes
        Shape (n,): for each its mode, a key of `BRANCHING_FRACTIONS`, or ``"all"``. With ``"all"``
        the modes named there have the branching fractions given there, and the rest is shared as
        in TAUOLA.
    rng
        Seeds TAUOLA's own generator: one state of it makes one set of decays.

    Raises
    ------
    SimulationError
        TAUOLA refuses to decay.

    References
    ----------
    S. Jadach, Z. Was, R. Decker, J. H. Kühn, Comput. Phys. Commun. 76 (1993) 361 (TAUOLA), in the wrapper
    alouette of V. Niess, https://github.com/niess/alouette. Two pions follow the form factor measured by
    Belle, three pions resonance chiral theory. Neither is safe to call from several threads.
    """
    _initialise()
    seed = int(rng.integers(2**32))
    alouette.lib.alouette_random_set(alouette.ffi.new("unsigned long *", seed))
    names = np.array([*TAUOLA_MODES, "other"])
    shares = np.array([BRANCHING_FRACTIONS[name] for name in TAUOLA_MODES])
    drawn = rng.choice(names, size=len(modes), p=[*shares, 1.0 - shares.sum()])
    chosen = np.where(modes == "all", drawn, modes)
    products = np.zeros(len(modes), dtype=PRODUCTS)
    for name, number in TAUOLA_MODES.items():
        is_of_mode = chosen == name
        products[is_of_mode] = _decayed(pdg, number, int(is_of_mode.sum()))
    is_other = chosen == "other"
    products[is_other] = _decayed_otherwise(pdg, int(is_other.sum()))
    return _columns(products)


@cache
def _initialise() -> None:
    alouette.initialise()
    alouette.lib.tauola_parmas.amtau = TAU_MASS
    alouette.lib.tauola_parmas.amnuta = 0.0  # 10 MeV by default


def _decayed(pdg: int, mode: int, size: int) -> NDArray[np.void]:
    ffi, decay = alouette.ffi, alouette.lib.alouette_decay
    products: Any = ffi.new("struct alouette_products[]", size)
    at_rest = ffi.new("double[3]")
    for i in range(size):
        if decay(mode, pdg, at_rest, ffi.NULL, products + i):
            message = ffi.string(alouette.lib.alouette_message()).decode()
            raise SimulationError(f"TAUOLA does not decay particle {pdg} by mode {mode}: {message}")
    return np.frombuffer(ffi.buffer(products), dtype=PRODUCTS).copy()


def _decayed_otherwise(pdg: int, size: int) -> NDArray[np.void]:
    """Decay by modes that `BRANCHING_FRACTIONS` does not name, in TAUOLA's proportions."""
    decays = _decayed(pdg, ANY_MODE, size)
    while (again := _is_named(decays["pdg"])).any():
        decays[again] = _decayed(pdg, ANY_MODE, int(again.sum()))
    return decays


def _is_named(pdg: NDArray[np.int32]) -> NDArray[np.bool_]:
    code = np.abs(pdg)
    leptonic = np.isin(code, (11, 13)).any(axis=1)
    one_pion = (code == 211).sum(axis=1) == 1
    neutral_pions = (code == 111).sum(axis=1)
    others = (~np.isin(code, (0, 16, 111, 211))).any(axis=1)
    named: NDArray[np.bool_] = leptonic | (one_pion & (neutral_pions <= 1) & ~others)
    return named


def _columns(products: NDArray[np.void]) -> TauDecays:
    filled = np.arange(MOST_PRODUCTS) < products["size"][:, None]
    momentum = np.where(filled[:, :, None], products["momentum"], 0.0)
    return TauDecays(
        np.where(filled, products["pdg"], 0).astype(np.int32),
        FourVector(*(np.ascontiguousarray(momentum[:, :, i]) for i in range(4))),
        products["polarimeter"].copy(),
    )
