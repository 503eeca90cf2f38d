"""τ pairs whose decays Pythia correlates by its own helicity amplitudes: a reference, at some 40 events/s."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import awkward as ak
import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import TAU_MASS
from darkbelle.simulation.pythia import batches, collisions_into, start_pythia
from darkbelle.validation.tau_observables import TauObservables, observables
from darkbelle.vectors import FourVector

__all__ = ["pythia_taus"]

# τ− by its positive code, τ+ by its negative one
DECAYS: Final = {"pi": "16 211", "3pi": "16 211 211 211"}


def pythia_taus(minus: str, plus: str, size: int, seed: int, cache: Path | None = None) -> TauObservables:
    """Return what `observables` are in Pythia's events of two forced decays, without radiation.

    Parameters
    ----------
    minus, plus
        ``"pi"`` or ``"3pi"``.
    size
        Number of pairs.
    cache
        Folder where they are kept, and taken from if they are there already.

    References
    ----------
    P. Ilten, Tau Decays in Pythia 8, arXiv:1211.6730; τ → 3πν by CLEO's model of the a1.
    """
    kept = None if cache is None else cache / f"pythia_{minus}_{plus}_{size}_{seed}.npz"
    if kept is not None and kept.is_file():
        with np.load(kept) as stored:
            return TauObservables(*(stored[name] for name in TauObservables._fields))
    forced: tuple[str, ...] = (f"15:onPosIfMatch = {DECAYS[minus]}", f"15:onNegIfMatch = {DECAYS[plus]}")
    if minus == plus:  # the second would take back the first
        forced = (f"15:onIfMatch = {DECAYS[minus]}",)
    settings = (
        *collisions_into(15, lowest_mass=2.01 * TAU_MASS, sqrt_s=NOMINAL.sqrt_s),
        "PDF:lepton = off",
        "PartonLevel:FSR = off",
        f"15:m0 = {TAU_MASS!r}",
        "15:onMode = off",
        *forced,
        "HadronLevel:Hadronize = off",
    )
    parts = [_observed(batch) for batch in batches(start_pythia(settings, np.random.default_rng(seed)), size)]
    found = TauObservables(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(kept, **found._asdict())
    return found


def _observed(batch: Any) -> TauObservables:
    flat = ak.flatten(batch.prt)
    sizes = ak.to_numpy(ak.num(batch.prt))
    event = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    pdg, stable = ak.to_numpy(flat.id), ak.to_numpy(flat.status) > 0
    mother_pdg = pdg[ak.to_numpy(flat.mother1) + (np.cumsum(sizes) - sizes)[event]]
    momenta = FourVector(*(ak.to_numpy(flat.p[name])[stable] for name in ("px", "py", "pz", "e")))
    return observables(event[stable], pdg[stable], mother_pdg[stable], momenta)
