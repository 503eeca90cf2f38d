"""Find the steering of an ntuple by its name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from darkbelle.beams import Beams
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.detector import DetectedEvents, DetectorParameters
from darkbelle.simulation.steering.columns import Columns

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["STEERINGS", "Steering", "default_cuts", "steering", "steering_names"]

# steering: module, function and its type of cuts in this package
STEERINGS: Final = {
    "dimuon": ("dimuon", "dimuon_candidates", "DimuonList"),
    "four_tracks": ("four_tracks", "four_track_candidates", "FourTrackList"),
    "lepton_pairs": ("lepton_pairs", "lepton_pair_candidates", "LeptonPairList"),
    "b_to_k_llp": ("b_to_k_llp", "b_to_k_llp_candidates", "DisplacedList"),
    "tau_3x1": ("tau_3x1", "tau_3x1_candidates", "ThreeOnOneList"),
    "d_star": ("mass_peaks", "d_star_candidates", "DStarList"),
    "d_plus": ("mass_peaks", "d_plus_candidates", "DPlusList"),
    "k_short": ("mass_peaks", "k_short_candidates", "KShortList"),
    "jpsi": ("mass_peaks", "jpsi_candidates", "JpsiList"),
    "b_to_d0pi": ("hadronic_b", "b_to_d0pi_candidates", "HadronicList"),
    "b_to_dpi": ("hadronic_b", "b_to_dpi_candidates", "HadronicList"),
    "b_to_jpsik": ("hadronic_b", "b_to_jpsik_candidates", "HadronicList"),
}


class Steering(Protocol):
    """What every steering is: a function from detected events to rows of an ntuple.

    ``cuts`` says which candidates are written; each steering has its own type, with loose defaults.
    """

    def __call__(
        self,
        detected: DetectedEvents,
        *,
        first_event: int = 0,
        cuts: Any = None,
        detector: DetectorParameters = ...,
        beams: Beams = ...,
    ) -> Columns:
        """Return the rows, by basf2 variable."""


def steering_names() -> tuple[str, ...]:
    """Return the steerings that there are."""
    return tuple(STEERINGS)


def steering(name: str) -> Steering:
    """Return the steering of a name.

    Raises
    ------
    ConfigurationError
        There is none.
    """
    module, function, _ = _found(name)
    return cast(Steering, getattr(import_module(module), function))


def default_cuts(name: str) -> DataclassInstance:
    """Return the cuts that a steering makes if it is told nothing else, a frozen dataclass."""
    module, _, cuts = _found(name)
    return cast("DataclassInstance", getattr(import_module(module), cuts)())


def _found(name: str) -> tuple[str, str, str]:
    if name not in STEERINGS:
        raise ConfigurationError(f"there is no steering {name!r}, there are: {', '.join(STEERINGS)}")
    module, function, cuts = STEERINGS[name]
    return f"darkbelle.simulation.steering.{module}", function, cuts
