r"""The tree-level amplitude of e+e− → μ−μ+μ−μ+ by photons, with massive muons and massless beams.

Each pair of opposite charges comes from a virtual photon with the current
:math:`J = \bar u\gamma v/q^2`. Either one pair is radiated by a muon of the other, which comes from the
annihilation, or both are radiated by the electron line before it annihilates:

.. math:: \frac{\bar v\gamma_\mu u}{s}\left[H^\mu_A(J_B) + H^\mu_B(J_A)\right]
          + \bar v\left[\not J_B\,\frac{\not k_- - \not q_A}{(k_--q_A)^2}\not J_A
          + (A\leftrightarrow B)\right]u ,

with H of `darkbelle.simulation.amplitudes.zprime`. The two ways to pair the muons enter with opposite
sign: twelve diagrams. Exchange of a Z is left out.
"""

from __future__ import annotations

import numpy as np

from darkbelle.constants import MUON_MASS
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.simulation.amplitudes.dirac import (
    Momentum,
    Spinor,
    Vector,
    add,
    antiparticle_column,
    antiparticle_row,
    current,
    dot,
    particle_column,
    particle_row,
    scale,
    slash_times_column,
    square,
)
from darkbelle.simulation.amplitudes.zprime import emission_current
from darkbelle.vectors import Column, FourVector

__all__ = ["annihilating", "four_muon_square", "paired_amplitudes"]

BeamSpinors = tuple[Spinor, Spinor, Spinor, Spinor]


def four_muon_square(
    muons: tuple[FourVector, FourVector], antimuons: tuple[FourVector, FourVector]
) -> Column:
    r"""Return :math:`\sum|\mathcal M|^2/e^8` over all spins, GeV⁻⁴, shape (n,).

    No average over the spins of the beams, no factor for identical particles.

    Parameters
    ----------
    muons, antimuons
        The outgoing four-momenta in the rest frame of the collision, beams along ±z, GeV, shape (n,).
    """
    vectors = [checked_vector("muons", vector) for vector in (*muons, *antimuons)]
    size = common_size(**{f"particle {i}": vector for i, vector in enumerate(vectors)})
    out = np.empty(size)
    _fill_four_muon_square(vectors[0], vectors[1], vectors[2], vectors[3], MUON_MASS, out)
    return out


@kernel
def _pair_current(row: Spinor, column: Spinor, q: Momentum) -> Vector:
    return scale(current(row, column), 1.0 / dot(q, q))


@kernel
def _from_electron(
    row: Spinor, column: Spinor, beam: Momentum, first: Vector, q: Momentum, second: Vector
) -> complex:
    """Return the electron line that radiates the first current, of momentum q, then the second."""
    left = (beam[0] - q[0], beam[1] - q[1], beam[2] - q[2], beam[3] - q[3])
    spinor = slash_times_column(second, slash_times_column(left, slash_times_column(first, column)))
    total = row[0] * spinor[0] + row[1] * spinor[1] + row[2] * spinor[2] + row[3] * spinor[3]
    return total / dot(left, left)


@kernel
def _momentum(vector: FourVector, i: int) -> Momentum:
    return (vector.energy[i], vector.px[i], vector.py[i], vector.pz[i])


@kernel
def annihilating(electron: Momentum) -> BeamSpinors:
    """Return positron's row and electron's column for the two helicities that annihilate.

    Massless spinors along z are chiral.
    """
    positron = (electron[0], 0.0, 0.0, -electron[0])
    return (
        antiparticle_row(positron, 0.0, 1),
        particle_column(electron, 0.0, 0),
        antiparticle_row(positron, 0.0, 0),
        particle_column(electron, 0.0, 1),
    )


@kernel
def paired_amplitudes(
    rows: tuple[Spinor, Spinor],
    p: tuple[Momentum, Momentum],
    columns: tuple[Spinor, Spinor],
    q: tuple[Momentum, Momentum],
    electron: Momentum,
    beams: BeamSpinors,
    masses: tuple[float, float],
) -> tuple[complex, complex]:
    """Return the amplitudes of one way to pair the leptons, for both helicities of the electron.

    The first of ``rows`` and the first of ``columns`` are a pair, and the second ones; ``p`` and ``q``
    are the momenta that belong to them, ``masses`` those of the first and the second pair.
    """
    q_a, q_b = add(p[0], q[0]), add(p[1], q[1])
    j_a, j_b = _pair_current(rows[0], columns[0], q_a), _pair_current(rows[1], columns[1], q_b)
    radiated = add(
        emission_current(rows[0], p[0], columns[0], q[0], q_b, j_b, masses[0]),
        emission_current(rows[1], p[1], columns[1], q[1], q_a, j_a, masses[1]),
    )
    radiated = scale(radiated, 0.25 / electron[0] ** 2)  # 1/s
    first = dot(current(beams[0], beams[1]), radiated)
    first += _from_electron(beams[0], beams[1], electron, j_a, q_a, j_b)
    first += _from_electron(beams[0], beams[1], electron, j_b, q_b, j_a)
    second = dot(current(beams[2], beams[3]), radiated)
    second += _from_electron(beams[2], beams[3], electron, j_a, q_a, j_b)
    second += _from_electron(beams[2], beams[3], electron, j_b, q_b, j_a)
    return first, second


@kernel
def _fill_four_muon_square(
    muon_1: FourVector,
    muon_2: FourVector,
    antimuon_1: FourVector,
    antimuon_2: FourVector,
    mass: float,
    out: Column,
) -> None:
    for i in range(out.size):
        a, b = _momentum(muon_1, i), _momentum(muon_2, i)
        c, d = _momentum(antimuon_1, i), _momentum(antimuon_2, i)
        energy = 0.5 * (a[0] + b[0] + c[0] + d[0])
        electron = (energy, 0.0, 0.0, energy)
        beams = annihilating(electron)
        total = 0.0
        for spins in range(16):
            rows = particle_row(a, mass, spins & 1), particle_row(b, mass, (spins >> 1) & 1)
            column_c = antiparticle_column(c, mass, (spins >> 2) & 1)
            column_d = antiparticle_column(d, mass, (spins >> 3) & 1)
            plus = paired_amplitudes(
                rows, (a, b), (column_c, column_d), (c, d), electron, beams, (mass, mass)
            )
            minus = paired_amplitudes(
                rows, (a, b), (column_d, column_c), (d, c), electron, beams, (mass, mass)
            )
            total += square(plus[0] - minus[0]) + square(plus[1] - minus[1])
        out[i] = total
