"""Find the generator of a process, without importing the others: some bring large libraries."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np

from darkbelle.errors import ConfigurationError
from darkbelle.simulation.events import Generated

__all__ = ["EventGenerator", "generator", "generator_names"]

# process of a channel: class of the module of that name in this package, or module and what makes one
CLASSES = {
    "alp_tautau": "AlpTauTau",
    "b_to_k_s": "BToKScalar",
    "ccbar": "charm.ccbar",
    "charged_b": "b_pairs.charged_b",
    "ddbar": "quark_pairs.ddbar",
    "ee": "ElectronPair",
    "eemumu": "TwoPhotonMuonPair",
    "eetautau": "TwoPhotonTauPair",
    "hadronic_b": "HadronicB",
    "jpsi": "JPsiFromB",
    "mumu": "MuonPair",
    "mumumumu": "FourMuons",
    "mumutautau": "MuonTauPairs",
    "neutral_b": "b_pairs.neutral_b",
    "scalar_tautau": "ScalarTauTau",
    "ssbar": "quark_pairs.ssbar",
    "tau_to_lalpha": "TauToLeptonAlpha",
    "tautau": "TauPair",
    "uubar": "quark_pairs.uubar",
    "zprime": "ZPrime",
    "zprime_tautau": "ZPrimeTauTau",
}


class EventGenerator(Protocol):
    """What every generator offers: a frozen dataclass of options with these members.

    Events are made in the CM frame, at the nominal √s or with energies of their own, electron beam along +z,
    unweighted;
    `darkbelle.simulation.collisions.place_in_lab` takes them to the lab.
    """

    @property
    def name(self) -> str:
        """Name of the sample, such as ``zprime_2.0``."""

    @property
    def process(self) -> str:
        """Process of the channel, a key of the registry."""

    @property
    def cross_section_fb(self) -> float:
        """Cross section of all that `generate` tries, fb."""

    @property
    def branching_fraction(self) -> float:
        """Product of the branching fractions of forced decays."""

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events and the number of events tried before any filter."""


def generator_names() -> tuple[str, ...]:
    """Return the processes that can be generated."""
    return tuple(CLASSES)


def generator(process: str, **options: Any) -> EventGenerator:
    """Return the generator of a process with options, such as ``generator("zprime", mass=2.0)``.

    Raises
    ------
    ConfigurationError
        There is no generator of that process, or it does not know an option.
    """
    if process not in CLASSES:
        raise ConfigurationError(
            f"there is no generator of process {process!r}, there are: {', '.join(CLASSES)}"
        )
    module, _, name = CLASSES[process].rpartition(".")
    made = getattr(import_module(f"darkbelle.simulation.generators.{module or process}"), name)
    try:
        return cast(EventGenerator, made(**options))
    except TypeError as error:
        raise ConfigurationError(f"generator of {process!r} with options {options}: {error}") from error
