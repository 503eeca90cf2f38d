"""Decays of hadrons by Pythia: which, how, and for B mesons at rest many at a time.

Whether Belle II's table improves on Pythia's own was decided by inclusive numbers, per B meson of the
four kinds alike, 60 000 of them. The mesons of `darkbelle.simulation.decay_table` have the former, all
other hadrons the latter.

==========================  ==========  =======  =============================================
per B                       Belle II's  Pythia's measured (PDG 2024, but where said)
==========================  ==========  =======  =============================================
charged particles           5.44        5.33     5.41 ± 0.12, ARGUS, Z. Phys. C 54 (1992) 13
π±, with K_S and Λ decayed  4.00        3.88     4.11 ± 0.08
K±                          0.833       0.824    0.789 ± 0.025
φ                           0.036       0.048    0.034 ± 0.001
e± from the B itself        0.109       0.108    0.109 ± 0.002
J/ψ                         0.0128      0.0119   0.0109 ± 0.0003
D0 and D±                   1.03        1.04     0.85 ± 0.03
Λ                           0.032       0.031    0.040 ± 0.005
==========================  ==========  =======  =============================================

Exclusive fractions are newer in Belle II's. J/ψ and D are too many in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import B_PLUS_MASS, B_ZERO_MASS
from darkbelle.errors import SimulationError
from darkbelle.simulation.decay_table import MOTHERS, Channel, decay_table
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.pythia import start_pythia
from darkbelle.simulation.pythia_records import particles_of_record

__all__ = ["B_MASSES", "decay_b_mesons", "decay_settings", "table_settings"]

B_MASSES: Final = {521: B_PLUS_MASS, 511: B_ZERO_MASS}

# left to the detector, or stable
UNDECAYED = (13, 211, 321, 130, 2112)

SETTINGS: Final = (
    "ParticleDecays:limitTau0 = off",  # K_S, Λ and charged hyperons decay wherever they get to
    *(f"{pdg}:mayDecay = off" for pdg in UNDECAYED),
    "ParticleDecays:mixB = off",  # both mesons of a pair mix together, elsewhere
    "HadronLevel:QED = on",  # photons of J/ψ → l+l− and the like
    # as basf2 has them: generators/modules/fragmentation/data/pythia_belle2.dat
    "StringFlav:etaSup = 0.27",
    "StringFlav:etaPrimeSup = 0.12",
    "StringFragmentation:stopMass = 0.3",
    "StringZ:aLund = 0.32",
    "StringZ:bLund = 0.62",
    "StringZ:rFactC = 1.0",
    "ParticleDecays:multIncrease = 4.5",
    "ParticleDecays:multIncreaseWeak = 2.0",
)

PER_RECORD: Final = 200  # mesons in one of Pythia's events: it starts each anew
MOST_FAILURES: Final = 100  # of records in a row


def decay_settings() -> tuple[str, ...]:
    """Return Pythia's settings for the decays of all hadrons."""
    tables = (
        setting for mother in MOTHERS for setting in table_settings(mother, decay_table(mother).channels)
    )
    return (*SETTINGS, *tables)


def table_settings(mother: int, channels: Iterable[Channel]) -> tuple[str, ...]:
    """Return Pythia's settings that give a particle these channels, in their proportions, and no others."""
    lines = (
        f"1 {channel.fraction!r} {channel.matrix_element} {' '.join(map(str, channel.products))}"
        for channel in channels
    )
    return tuple(f"{mother}:{'addChannel' if n else 'oneChannel'} = {line}" for n, line in enumerate(lines))


def decay_b_mesons(
    pdg: NDArray[np.integer], rng: np.random.Generator, settings: Sequence[str] = ()
) -> Particles:
    """Decay B mesons at rest, where they are and at once.

    Parameters
    ----------
    pdg
        Shape (n,): ±511 or ±521, as they are when they decay.
    rng
        Seeds a fresh Pythia: one state of it makes one set of decays.
    settings
        Of Pythia, after those of `decay_settings`: decays that are forced.

    Returns
    -------
    Particles
        Meson and descendants of meson ``i`` have event number ``i``.

    Raises
    ------
    SimulationError
        Pythia refuses a setting, or does not make the decays.
    """
    masses = (f"{code}:m0 = {mass!r}" for code, mass in B_MASSES.items())
    at_once = (f"{code}:tau0 = 0" for code in B_MASSES)
    pythia = start_pythia(("ProcessLevel:all = off", *decay_settings(), *masses, *at_once, *settings), rng)
    records = [
        _decayed(pythia, pdg[start : start + PER_RECORD].tolist()) for start in range(0, len(pdg), PER_RECORD)
    ]
    particles = particles_of_record(ak.concatenate(records))
    is_first = particles.mother < 0
    number = np.cumsum(is_first) - 1  # of the mesons, which stand first in their record
    first = particles.mother.copy()
    first[is_first] = np.flatnonzero(is_first)
    while (later := ~is_first[first]).any():
        first[later] = first[first[later]]
    return particles._replace(event=number[first])


def _decayed(pythia: Any, mesons: list[int]) -> Any:
    """Return a batch of one record, in which all mesons decay."""
    for _ in range(MOST_FAILURES):
        pythia.event.reset()
        for pdg in mesons:
            mass = B_MASSES[abs(pdg)]
            pythia.event.append(pdg, 1, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, mass, mass)
        batch = pythia.nextBatch(1)
        if len(batch) == 1:
            return batch
    raise SimulationError(f"Pythia failed {MOST_FAILURES} times to decay {len(mesons)} B mesons")
