"""Pairs of fermions from e+e− → γ* with radiation, from Pythia 8, as columns.

Pythia's initial-state radiation is a QED shower on structure functions of the electron: right where
photons are collinear to the beams, within some 10 % for hard photons at wide angles (measured in
`darkbelle.simulation.generators.mumu`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import awkward as ak
import numpy as np
import pythia8mc

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.errors import SimulationError
from darkbelle.simulation.events import Ancestors, GeneratedEvents

__all__ = ["batches", "collisions_into", "fermion_pairs", "start_pythia"]

LARGEST_SEED = 900_000_000  # Pythia's own limit

COLLISIONS = (
    "Beams:frameType = 1",
    "Beams:idA = 11",  # along +z
    "Beams:idB = -11",
    "WeakSingleBoson:ffbar2gmZ = on",
    "PDF:lepton = on",
    "23:onMode = off",
    # pairs from photons are other processes, four leptons, which have their own samples
    "TimeShower:QEDshowerByGamma = off",
)


def fermion_pairs(
    pdg: int, mass: float, size: int, rng: np.random.Generator, *, sqrt_s: float = NOMINAL.sqrt_s
) -> GeneratedEvents:
    """Generate e+e− → γ* → a pair of leptons, with photons from the initial and the final state.

    Parameters
    ----------
    pdg
        Code of the lepton, 13 or 15; it is left undecayed.
    mass
        Its mass, GeV.
    size
        Number of events, at least 1.
    rng
        Seeds a fresh Pythia: one state of it makes one set of events.
    sqrt_s
        Centre-of-mass energy, GeV.

    Returns
    -------
    GeneratedEvents
        In the CM frame; all particles from the origin. Pairs of any invariant mass down to the
        threshold; by and large a tenth of them lost more than a tenth of √s to photons.

    Raises
    ------
    SimulationError
        Pythia refuses a setting, does not start, or stops making events.

    References
    ----------
    C. Bierlich et al., SciPost Phys. Codebases 8 (2022).
    """
    settings = (
        *collisions_into(pdg, lowest_mass=2.01 * mass, sqrt_s=sqrt_s),
        "HadronLevel:all = off",
        f"13:m0 = {MUON_MASS}",
        f"{pdg}:m0 = {mass!r}",
        f"{pdg}:mayDecay = off",
    )
    return GeneratedEvents.concatenate(
        [_final_state(batch) for batch in batches(start_pythia(settings, rng), size)]
    )


def collisions_into(pdg: int, *, lowest_mass: float, sqrt_s: float) -> tuple[str, ...]:
    """Return Pythia's settings for radiating beams that make pairs of a fermion above a mass, GeV."""
    return (
        *COLLISIONS,
        f"Beams:eCM = {sqrt_s!r}",
        f"23:mMin = {lowest_mass}",  # 10 GeV by default, nearly our √s
        f"PhaseSpace:mHatMin = {lowest_mass}",
        f"23:onIfAny = {pdg}",
    )


def start_pythia(settings: Iterable[str], rng: np.random.Generator) -> Any:
    """Return a fresh Pythia with settings, seeded from ``rng``.

    Raises
    ------
    SimulationError
        Pythia refuses a setting, or does not start.
    """
    pythia = pythia8mc.Pythia("", False)  # no banner
    always = (
        "Print:quiet = on",
        "Random:setSeed = on",
        f"Random:seed = {int(rng.integers(1, LARGEST_SEED))}",
        # a fifth of the time; the tests check charge and momentum
        "Check:event = off",
    )
    for setting in (*always, *settings):
        if not pythia.readString(setting):
            raise SimulationError(f"Pythia refused {setting!r}; use the pinned version of pythia8mc")
    if not pythia.init():
        raise SimulationError("Pythia does not start; are the collisions above the threshold of the pair?")
    return pythia


def batches(pythia: Any, size: int) -> Iterator[Any]:
    """Yield batches of event records, ``size`` events in all.

    Raises
    ------
    SimulationError
        Pythia stops making events.
    """
    missing = size
    while missing > 0:
        batch = pythia.nextBatch(missing)  # events in which Pythia fails are left out
        if len(batch) == 0:
            raise SimulationError(
                f"Pythia made none of {missing} events; are the collisions above the threshold of the pair?"
            )
        yield batch
        missing -= len(batch)


def _final_state(batch: Any) -> GeneratedEvents:
    stable = batch.prt[batch.prt.status > 0]
    flat = ak.flatten(stable)
    momentum = flat.p
    origin = np.zeros(len(flat))
    return GeneratedEvents(
        frame="cm",
        offsets=np.concatenate([[0], np.cumsum(ak.to_numpy(ak.num(stable)))]).astype(np.int64),
        pdg=ak.to_numpy(flat.id).astype(np.int32),
        px=ak.to_numpy(momentum.px),
        py=ak.to_numpy(momentum.py),
        pz=ak.to_numpy(momentum.pz),
        energy=ak.to_numpy(momentum.e),
        x=origin,
        y=origin,
        z=origin,
        t=origin,
        mother=np.full(len(flat), -1, dtype=np.int32),
        ancestors=Ancestors.none(len(stable)),
    )
