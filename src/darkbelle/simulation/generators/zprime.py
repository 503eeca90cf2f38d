r"""e+e− → μ+μ−Z′: a vector boson radiated by one of the muons, exact at tree level.

The amplitude of `darkbelle.simulation.amplitudes.zprime`, contracted with the tensor of unpolarised
massless beams, which excite those components of the current that are across the beam:

.. math:: d\sigma = \frac{4\pi^2\alpha^2 g'^2}{s^2}\,\sum\left(|H^x|^2+|H^y|^2\right) d\Phi_3 ,
          \qquad
          \frac{d\sigma}{dx_1dx_2} = \frac{\alpha^2 g'^2}{48\pi s}\left(-\sum H_\mu H^{\mu*}\right)

before and after the integral over all orientations; :math:`x_i = 2E_i/\sqrt s`. With massless muons the
latter is the formula of gluon emission with a massive gluon.

α is `running_alpha` at the nominal √s, 1/132.07, for that is the virtuality of the photon; with α(0)
all is 7.1 % lower. It is kept where radiation lowers the virtuality: α² is 1.5 % less at half of √s. The
beams radiate as in `darkbelle.simulation.radiation`.

Left out are the width of the Z′ and radiation off the muons. The number of photons above an energy E
from the muons is about (2α/π) [ln(s/m²) − 1] ln(√s/2E) in an event with a light Z′: 0.09 above 0.5 GeV,
0.15 above 0.1 GeV; for a Z′ of 8 GeV it is 0.02 above 0.5 GeV.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import HBAR_C_SQUARED
from darkbelle.kernels.boosts import boost_from_rest_frame
from darkbelle.simulation.events import ZPRIME, Generated, GeneratedEvents
from darkbelle.simulation.muon_emission import MuonEmission
from darkbelle.simulation.phase_space import rotated_z_to
from darkbelle.simulation.radiation import CrossSection, InitialStateRadiation, RadiativeCollisions, beam_axis
from darkbelle.simulation.running_coupling import running_alpha
from darkbelle.simulation.sampling import Majorant
from darkbelle.vectors import Column, FourVector

__all__ = ["CrossSectionTable", "ZPrime", "cross_section_table"]

FINE_NODES = 96  # of the quadrature at the nominal energy, compared with half as many


@dataclass(frozen=True)
class ZPrime:
    """Generator of e+e− → μ+μ−Z′ with an invisible Z′.

    Parameters
    ----------
    mass
        Of the Z′, GeV, between 0 and √s − 2 m_μ.
    gprime
        Coupling of the Z′ to muons; the cross section goes with its square.
    sqrt_s
        Nominal energy of the collisions, GeV.
    radiation
        Whether the beams radiate.
    alpha
        Fine structure constant; None takes `running_alpha` at ``sqrt_s``.
    """

    mass: float
    gprime: float = 1.0
    sqrt_s: float = NOMINAL.sqrt_s
    radiation: bool = True
    alpha: float | None = None

    process = "zprime"
    branching_fraction = 1.0

    def __post_init__(self) -> None:
        self.emission  # noqa: B018 - checks the mass

    @property
    def name(self) -> str:
        """Name of the sample."""
        return f"zprime_{self.mass:g}"

    @property
    def cross_section_fb(self) -> float:
        """The cross section in fb, with radiation if that is on."""
        return self.cross_section.value

    @cached_property
    def cross_section(self) -> CrossSection:
        """The cross section with its numerical uncertainty, with radiation if that is on."""
        if not self.radiation:
            return self.born
        folded = self.beams.fold(self._born_at)
        uncertainty = math.hypot(folded.uncertainty, folded.value * self.born.uncertainty / self.born.value)
        return CrossSection(folded.value, uncertainty)

    @cached_property
    def born(self) -> CrossSection:
        """The cross section without radiation, with its numerical uncertainty."""
        s = self.sqrt_s**2
        coarse, fine = (
            self._coupling / s * self.emission.integrated(s, nodes) for nodes in (FINE_NODES // 2, FINE_NODES)
        )
        return CrossSection(fine, abs(fine - coarse))

    @cached_property
    def emission(self) -> MuonEmission:
        """The decay γ* → μ−μ+Z′."""
        return MuonEmission(self.mass, self.sqrt_s)

    @cached_property
    def beams(self) -> InitialStateRadiation:
        """The radiation of the beams."""
        return InitialStateRadiation(self.sqrt_s)

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` unweighted events in the CM frame; there is no filter, all tried are kept.

        The particles of an event are μ−, μ+, Z′, and the photons that the beams radiated.

        Raises
        ------
        SimulationError
            More than 1e-3 of the cross section lies above the majorants of the sampling.
        """
        collisions = self._collisions(size, rng)
        axis = beam_axis(collisions.frame)
        decay = self.emission.sample(collisions.s, rng)
        particles = (boost_from_rest_frame(rotated_z_to(p, axis), collisions.frame) for p in decay)
        columns = zip(*particles, *collisions.photons, strict=True)
        momenta: FourVector = FourVector(*(np.stack(column, axis=1) for column in columns))
        codes = np.array([13, -13, ZPRIME, 22, 22])
        return Generated(GeneratedEvents.from_slots(codes, momenta, keep=momenta.energy > 0.0), size)

    @cached_property
    def _coupling(self) -> float:
        alpha = running_alpha(self.sqrt_s) if self.alpha is None else self.alpha
        return (alpha * self.gprime) ** 2 * HBAR_C_SQUARED / (48.0 * math.pi)

    def _born_at(self, s: Column) -> Column:
        return self._coupling * self.emission.rate(s) / np.maximum(s, self.emission.threshold)

    @cached_property
    def _radiation_majorant(self) -> Majorant:
        return self.beams.majorant(self._born_at)

    def _collisions(self, size: int, rng: np.random.Generator) -> RadiativeCollisions:
        if self.radiation:
            return self.beams.sample(self._born_at, self._radiation_majorant, size, rng)
        return self.beams.collisions(np.zeros(size), np.zeros(size), rng)


class CrossSectionTable(NamedTuple):
    """Cross sections at g′ = 1 in fb, each of shape (n,), with numerical uncertainties."""

    mass: Column
    radiative: Column
    radiative_uncertainty: Column
    born: Column
    born_uncertainty: Column


def cross_section_table(masses: Iterable[float], sqrt_s: float = NOMINAL.sqrt_s) -> CrossSectionTable:
    """Return cross sections of e+e− → μ+μ−Z′ at g′ = 1, with and without radiation of the beams.

    Parameters
    ----------
    masses
        Of the Z′, GeV.
    sqrt_s
        GeV.
    """
    generators = [ZPrime(float(mass), sqrt_s=sqrt_s) for mass in masses]
    rows = [(g.mass, *g.cross_section, *g.born) for g in generators]
    return CrossSectionTable(*np.array(rows, dtype=np.float64).T)


TABULATED_MASSES = (
    *np.round(np.geomspace(0.01, 0.8, 20), 4),
    *np.arange(1.0, 8.51, 0.25),
    *np.arange(8.6, 10.01, 0.1),
)

HEADER = """\
# e+e- -> mu+ mu- Z' at g' = 1 and the nominal beams, exact at tree level; sigma goes as g'^2.
# Mass in GeV, the rest in fb: with initial-state radiation, without it (born), and their numerical
# uncertainties. Made by: python -m darkbelle.simulation.generators.zprime > zprime_cross_section.csv
"""


def _write_table() -> None:
    """Write the table of cross sections that the interpretation of limits reads."""
    table = cross_section_table(TABULATED_MASSES)
    sys.stdout.write(HEADER + ",".join(table._fields) + "\n")
    for row in zip(*table, strict=True):
        sys.stdout.write(",".join(f"{value:.6g}" for value in row) + "\n")


if __name__ == "__main__":
    _write_table()
