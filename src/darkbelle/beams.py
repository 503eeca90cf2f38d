"""The colliding beams of SuperKEKB: their four-momentum, their spread, and where it comes from.

Lab frame: z along the solenoid, both beams cross in the horizontal plane and so have px > 0. The
numbers are those of basf2's nominal beam parameters, which take the beams as massless; with them
the recoil angles and CM momenta stored in real basf2 ntuples are reproduced to machine precision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from darkbelle.errors import ConfigurationError
from darkbelle.vectors import Column, FourVector

__all__ = ["NOMINAL", "BeamRun", "Beams", "ResolvedBeams", "resolve_beams"]


@dataclass(frozen=True)
class Beams:
    """The beams of one running period.

    The defaults are the nominal values of basf2, with the digits that the stored recoil angles, Mbc
    and ΔE of real ntuples determine; they are a few 1e-7 below the round 7.004 and 4.002 GeV.

    Parameters
    ----------
    px, py, pz, energy
        Total four-momentum of both beams in the lab, GeV.
    half_crossing_angle
        Angle of each beam to the lab z axis, rad.
    her_spread, ler_spread
        Gaussian spread of the energies of the electron and the positron beam, GeV.
    """

    px: float = 0.4566178851280186
    py: float = 0.0
    pz: float = 2.999415169212329
    energy: float = 11.005999565168887
    half_crossing_angle: float = 0.0415
    her_spread: float = 5.13e-3
    ler_spread: float = 2.375e-3

    @cached_property
    def four_vector(self) -> FourVector:
        """The total four-momentum in the lab, GeV, shape (1,)."""
        return FourVector.single(self.px, self.py, self.pz, self.energy)

    @cached_property
    def sqrt_s(self) -> float:
        """The centre-of-mass energy in GeV.

        >>> round(NOMINAL.sqrt_s, 7)
        10.5795574
        """
        return math.sqrt(self.energy**2 - self.px**2 - self.py**2 - self.pz**2)

    @cached_property
    def her_energy(self) -> float:
        """The energy of the electron beam in the lab, GeV."""
        return (self.energy + self.pz / math.cos(self.half_crossing_angle)) / 2

    @cached_property
    def ler_energy(self) -> float:
        """The energy of the positron beam in the lab, GeV."""
        return self.energy - self.her_energy

    @cached_property
    def electron(self) -> FourVector:
        """The electron beam's four-momentum in the lab, GeV, shape (1,)."""
        return self._beam(self.her_energy, direction=+1)

    @cached_property
    def positron(self) -> FourVector:
        """The positron beam's four-momentum in the lab, GeV, shape (1,)."""
        return self._beam(self.ler_energy, direction=-1)

    def _beam(self, energy: float, *, direction: int) -> FourVector:
        px = energy * math.sin(self.half_crossing_angle)
        pz = direction * energy * math.cos(self.half_crossing_angle)
        return FourVector.single(px, 0.0, pz, energy)

    @cached_property
    def sqrt_s_spread(self) -> float:
        r"""The standard deviation of √s in GeV, :math:`\tfrac{\sqrt s}{2}` times the relative spreads."""
        relative = math.hypot(self.her_spread / self.her_energy, self.ler_spread / self.ler_energy)
        return self.sqrt_s / 2 * relative

    def sample(self, size: int, rng: np.random.Generator) -> FourVector:
        """Draw the total four-momentum of ``size`` collisions, lab, GeV, shape (size,)."""
        return self._collisions(
            rng.normal(0.0, self.her_spread, size), rng.normal(0.0, self.ler_spread, size)
        )

    def sample_at(self, sqrt_s: Column, rng: np.random.Generator) -> FourVector:
        r"""Draw the total four-momentum of collisions with given √s in GeV, shape (n,), lab.

        The energies of the beams have the distribution of `sample` on condition that
        :math:`4E_-E_+\cos^2\psi = s` with the half crossing angle ψ, to first order in their spreads.
        """
        her = rng.normal(0.0, self.her_spread, len(sqrt_s))
        ler = rng.normal(0.0, self.ler_spread, len(sqrt_s))
        shares = np.square([self.her_spread / self.her_energy, self.ler_spread / self.ler_energy])
        first, second = shares / shares.sum() if shares.any() else (0.5, 0.5)
        missing = (
            2 * np.log(sqrt_s / self.sqrt_s)
            - np.log1p(her / self.her_energy)
            - np.log1p(ler / self.ler_energy)
        )
        return self._collisions(
            (self.her_energy + her) * np.exp(first * missing) - self.her_energy,
            (self.ler_energy + ler) * np.exp(second * missing) - self.ler_energy,
        )

    def _collisions(self, her: Column, ler: Column) -> FourVector:
        """Return the four-momenta of beams whose energies differ from the nominal ones."""
        sine, cosine = math.sin(self.half_crossing_angle), math.cos(self.half_crossing_angle)
        return FourVector(
            self.px + (her + ler) * sine,
            np.full(len(her), self.py),
            self.pz + (her - ler) * cosine,
            self.energy + her + ler,
        )


NOMINAL = Beams()


class BeamRun(BaseModel):
    """The measured total beam four-momentum of a range of runs, lab, GeV."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment: int
    first_run: int
    last_run: int = Field(description="inclusive")
    energy: float
    px: float
    py: float
    pz: float


@dataclass(frozen=True)
class ResolvedBeams:
    """Beam four-momenta for some events, and how many came from where.

    ``sources`` counts events by origin: ``event`` (stored in the ntuple), ``run`` (from the run
    table), ``nominal`` (neither). It goes into the cutflow, so that a fall back is always seen.
    """

    four_vector: FourVector
    sources: dict[str, int]


def resolve_beams(
    size: int,
    *,
    stored: FourVector | None = None,
    experiment: NDArray[np.integer] | None = None,
    run: NDArray[np.integer] | None = None,
    table: tuple[BeamRun, ...] = (),
    nominal: Beams = NOMINAL,
) -> ResolvedBeams:
    """Return each event's beam four-momentum: stored in the event, else by run, else nominal.

    Parameters
    ----------
    size
        Number of events.
    stored
        Four-momenta from the ntuple (``beamPx`` …), lab, GeV, shape (size,). An event with NaN in
        one of them counts as not stored.
    experiment, run
        Event keys, shape (size,), needed where ``table`` is given.
    table
        Measured beams by run range; ranges must not overlap.

    Raises
    ------
    ConfigurationError
        Two ranges of the table hold the same run, or keys are missing.
    """
    if size and stored is not None and all(np.isfinite(column).all() for column in stored):
        return ResolvedBeams(FourVector(*(_column(column) for column in stored)), {"event": size})
    columns = [np.full(size, component[0]) for component in nominal.four_vector]
    origin = np.zeros(size, dtype=np.int8)
    if table:
        if experiment is None or run is None:
            raise ConfigurationError(
                "a run table of beams needs the columns __experiment__ and __run__, got none; "
                "write them into the ntuple or drop the table"
            )
        for entry in table:
            hit = (experiment == entry.experiment) & (run >= entry.first_run)
            hit &= run <= entry.last_run
            if np.any(origin[hit]):
                raise ConfigurationError(
                    f"run table of beams: experiment {entry.experiment}, runs {entry.first_run} to "
                    f"{entry.last_run} overlap an earlier entry; make the ranges disjoint"
                )
            origin[hit] = 1
            for column, value in zip(columns, (entry.px, entry.py, entry.pz, entry.energy), strict=True):
                column[hit] = value
    if stored is not None:
        known = np.isfinite(np.asarray(stored)).all(axis=0)
        origin[known] = 2
        for column, values in zip(columns, stored, strict=True):
            column[known] = np.asarray(values, dtype=np.float64)[known]
    counts = np.bincount(origin, minlength=3)
    sources = {name: int(counts[i]) for i, name in enumerate(("nominal", "run", "event")) if counts[i]}
    four_vector: FourVector = FourVector(*(_column(column) for column in columns))
    return ResolvedBeams(four_vector, sources)


def _column(values: Column) -> Column:
    return np.ascontiguousarray(values, dtype=np.float64)
