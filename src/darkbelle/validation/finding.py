"""What the detector finds, how well it measures single particles, and what it takes them for."""

from __future__ import annotations

from typing import Final

import numpy as np

from darkbelle.constants import ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS
from darkbelle.simulation.detector import DetectedEvents, detect
from darkbelle.simulation.detector.records import Kind
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.validation.figure import Figure, half_width, half_width_error, peak_width, share
from darkbelle.vectors import Column, FourVector

__all__ = ["identification_figures", "identified_share", "resolution_figures", "shot"]

MASSES: Final = {11: ELECTRON_MASS, 13: MUON_MASS, 211: PION_MASS, 321: KAON_MASS, 22: 0.0}
PHYSICS: Final = "physics.md, section 0"
TALK: Final = "arXiv:2212.03066 and its talks"
KAONS: Final = "what Belle and Belle II quote: 90 % at 5 %"
BARREL: Final = np.deg2rad([40.0, 120.0])
MICROMETRES: Final = 1e4


def shot(
    pdg: int, size: int, momentum: tuple[float, float], rng: np.random.Generator, *, barrel: bool = True
) -> DetectedEvents:
    """Return events of one particle from the origin, as the detector sees them.

    Parameters
    ----------
    momentum
        Range in which momenta are even, GeV, lab.
    barrel
        In directions alike in the barrel of the KLM; else at 90°.
    """
    ends = np.cos(BARREL) if barrel else np.zeros(2)
    cosine, phi = rng.uniform(ends.min(), ends.max(), size), rng.uniform(-np.pi, np.pi, size)
    p, sine = rng.uniform(*momentum, size), np.sqrt(1.0 - cosine**2)
    components = (p * sine * np.cos(phi), p * sine * np.sin(phi), p * cosine)
    columns = [component[:, None] for component in components]
    momenta = FourVector.with_mass(columns[0], columns[1], columns[2], MASSES[abs(pdg)])
    return detect(GeneratedEvents.from_slots(np.array([pdg]), momenta, frame="lab"), rng)


def identified_share(
    pdg: int, kind: Kind, size: int, momentum: tuple[float, float], seed: int
) -> tuple[float, float]:
    """Return the share of tracks of a particle that are taken for a kind, above one half, and its error."""
    tracks = shot(pdg, size, momentum, np.random.default_rng(seed)).tracks
    return share(int(np.sum(tracks.identified_as(kind) > 0.5)), len(tracks))


def identification_figures(size: int, seed: int = 1) -> list[Figure]:
    """Return efficiencies and fake rates of likelihood ratios above one half, in the barrel."""
    muons, electrons, hadrons = (0.8, 5.0), (0.5, 5.0), (0.5, 3.0)
    # pdg, kind, momenta, known, mark, source, whether it is a parameter
    asked: tuple[tuple[str, int, Kind, tuple[float, float], tuple[float, float], str, bool], ...] = (
        ("muon efficiency", 13, "muon", muons, (0.93, 0.99), TALK, True),
        ("π taken for a muon", 211, "muon", muons, (0.03, 0.20), f"{TALK}: 80-97 % rejected", True),
        ("electron efficiency", 11, "electron", electrons, (0.94, 0.94), f"{PHYSICS}: ~94 %", True),
        ("π taken for an electron", 211, "electron", electrons, (0.01, 0.02), f"{PHYSICS}: 1-2 %", True),
        ("kaon efficiency", 321, "kaon", hadrons, (0.80, 0.95), KAONS, False),
        ("π taken for a kaon", 211, "kaon", hadrons, (0.02, 0.10), KAONS, False),
    )  # fmt: skip
    figures = []
    for name, pdg, kind, momentum, known, source, set_to_it in asked:
        value, error = identified_share(pdg, kind, size, momentum, seed)
        span = f"{momentum[0]:g}-{momentum[1]:g} GeV"
        is_published = source.startswith(TALK)
        figures.append(
            Figure(
                "Identification", f"{name}, {span}", "1", value, error, known,
                "pub" if is_published else "est", source, 0.02, set_to_it,
            )
        )  # fmt: skip
    return figures


def resolution_figures(size: int, seed: int = 1) -> list[Figure]:
    """Return how well transverse momentum, impact parameters and energies of photons are measured."""
    rng = np.random.default_rng(seed)
    section, figures = "Single particles", []
    for momentum, d0 in ((0.5, 50.0), (1.0, None), (4.0, 15.0)):
        tracks = shot(13, size, (momentum, momentum), rng, barrel=False).tracks
        relative = np.hypot(tracks.px, tracks.py) / momentum - 1.0
        beta = momentum / np.hypot(momentum, MUON_MASS)
        expected = float(np.hypot(0.0011 * momentum, 0.0025 / beta))
        figures.append(
            Figure(
                section, f"σ(pT)/pT at {momentum:g} GeV", "%", 100 * half_width(relative),
                100 * half_width_error(relative), (100 * expected, 100 * expected), "std",
                f"{PHYSICS}: 0.0011 pT ⊕ 0.0025/β", 0.1, set_to_it=True,
                because="in the model silicon makes tracks of little momentum better, and a twentieth of "
                "tracks is measured worse",
            )
        )  # fmt: skip
        if d0 is not None:
            figures.append(
                _impact(section, f"σ(d0) at {momentum:g} GeV", tracks.helix.d0, d0),
            )
    figures.append(_impact(section, "σ(z0) at 4 GeV", tracks.helix.z0, 20.0))
    for energy, known in ((0.1, 4.0), (7.0, 1.6)):
        photons = shot(22, size, (energy, energy), rng).photons
        ratio: Column = photons.energy[photons.particle >= 0] / energy
        figures.append(
            Figure(
                section, f"σ(E)/E of photons at {energy:g} GeV, of the peak", "%", 100 * peak_width(ratio),
                100 * half_width_error(ratio), (known, known), "std",
                f"{PHYSICS}: 4 % at 0.1 GeV, 1.6 % at 8 GeV; beside a tail, so that the width at half "
                "maximum compares", 0.1, set_to_it=True,
            )
        )  # fmt: skip
    return figures


def _impact(section: str, name: str, values: Column, known: float) -> Figure:
    width, error = MICROMETRES * half_width(values), MICROMETRES * half_width_error(values)
    return Figure(
        section, name, "μm", width, error, (known, known), "est", PHYSICS, 0.3,
        because="resolutions of the layers are estimated, and those of the pixels limit it",
    )  # fmt: skip
