"""Decays of τ leptons at rest, from TAUOLA, with the polarimeter vector of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from alouette import core as alouette
from numpy.typing import NDArray

from darkbelle.constants import TAU_MASS
from darkbelle.errors import SimulationError
from darkbelle.simulation.tau_modes import MODES, recognised
from darkbelle.vectors import Column, FourVector

__all__ = ["LARGEST_MASS", "LEAST_MASS", "TauDecays", "decay_taus"]

# GeV; TAUOLA looks for its largest weights at the nominal mass, and they go up to its fifth power
LEAST_MASS, LARGEST_MASS = 1.73, 1.82

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

    def rows(self, index: NDArray[np.int64]) -> TauDecays:
        """Return some of the decays."""
        momenta = FourVector(*(column[index] for column in self.momenta))
        return TauDecays(self.pdg[index], momenta, self.polarimeter[index])

    @classmethod
    def joined(cls, parts: Sequence[TauDecays]) -> TauDecays:
        """Return the decays of all parts, in order."""
        return cls(
            np.concatenate([part.pdg for part in parts]),
            FourVector(*(np.concatenate(c) for c in zip(*(p.momenta for p in parts), strict=True))),
            np.concatenate([part.polarimeter for part in parts]),
        )


def decay_taus(
    pdg: int, modes: NDArray[np.str_], rng: np.random.Generator, *, mass: float = TAU_MASS
) -> TauDecays:
    """Decay τ leptons of one charge at rest.

    Parameters
    ----------
    pdg
        15 for τ−, −15 for τ+.
    modes
        Shape (n,): the mode of each, a key of `darkbelle.simulation.tau_modes.MODES`.
    rng
        Seeds TAUOLA's own generator: one state of it makes one set of decays.
    mass
        Of the τ, GeV, 1.73 to 1.82; TAUOLA computes in single precision.

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
    alouette.lib.tauola_parmas.amtau = mass
    seed = int(rng.integers(2**32))
    alouette.lib.alouette_random_set(alouette.ffi.new("unsigned long *", seed))
    products = np.zeros(len(modes), dtype=PRODUCTS)
    asked = set(np.unique(modes).tolist())
    for number in dict.fromkeys(mode.number for name, mode in MODES.items() if name in asked):
        rows = {name: np.flatnonzero(modes == name) for name, mode in MODES.items() if mode.number == number}
        for name, decays in _decays_by_mode(pdg, number, {n: len(r) for n, r in rows.items()}).items():
            products[rows[name]] = decays
    return _columns(products)


@cache
def _initialise() -> None:
    alouette.initialise()
    alouette.lib.tauola_parmas.amnuta = 0.0  # 10 MeV by default


def _decays_by_mode(pdg: int, number: int, sizes: dict[str, int]) -> dict[str, NDArray[np.void]]:
    """Return as many decays as asked for of each of the modes that share a number in TAUOLA."""
    if len(sizes) == 1:
        return {name: _decayed(pdg, number, size) for name, size in sizes.items()}
    kept: dict[str, list[NDArray[np.void]]] = {name: [] for name in sizes}
    missing = dict(sizes)
    whole = sum(MODES[name].fraction for name in sizes)
    while any(missing.values()):
        needed = max(count * whole / MODES[name].fraction for name, count in missing.items())
        decays = _decayed(pdg, number, int(1.05 * needed) + 10)
        found = recognised(decays["pdg"])
        for name, count in missing.items():
            kept[name].append(decays[np.flatnonzero(found == name)[:count]])
            missing[name] = count - len(kept[name][-1])
    return {name: np.concatenate(parts) for name, parts in kept.items()}


def _decayed(pdg: int, mode: int, size: int) -> NDArray[np.void]:
    ffi, decay = alouette.ffi, alouette.lib.alouette_decay
    products: Any = ffi.new("struct alouette_products[]", size)
    at_rest = ffi.new("double[3]")
    for i in range(size):
        if decay(mode, pdg, at_rest, ffi.NULL, products + i):
            message = ffi.string(alouette.lib.alouette_message()).decode()
            raise SimulationError(f"TAUOLA does not decay particle {pdg} by mode {mode}: {message}")
    decays = np.frombuffer(ffi.buffer(products), dtype=PRODUCTS).copy()
    decays["pdg"] = np.where(np.arange(MOST_PRODUCTS) < decays["size"][:, None], decays["pdg"], 0)
    return decays


def _columns(products: NDArray[np.void]) -> TauDecays:
    filled = np.arange(MOST_PRODUCTS) < products["size"][:, None]
    momentum = np.where(filled[:, :, None], products["momentum"], 0.0)
    return TauDecays(
        products["pdg"].copy(),
        FourVector(*(np.ascontiguousarray(momentum[:, :, i]) for i in range(4))),
        products["polarimeter"].copy(),
    )
