r"""From helicity amplitudes to the correlation of two spins.

For amplitudes :math:`M_{ab}`, a the spin of the fermion and b that of the antifermion's spinor,

.. math:: \sum|M|^2 \propto 1 + R_{ij}\,s^-_i s^+_j ,\qquad
          R_{ij} = -\frac{\sum M_{ab}M^*_{a'b'}\,(\sigma_i)_{a'a}\,(\sigma_j)_{bb'}}{\sum|M|^2},

with the minus sign because :math:`v(p,\eta)` belongs to an antiparticle of spin opposite to η. The axes
are those of the frame in which the momenta are given; each rest frame is reached by one boost. Terms
linear in one spin vanish where parity and time reversal are obeyed.
"""

from __future__ import annotations

from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = ["add_correlation"]


@kernel
def add_correlation(
    up_up: complex, up_down: complex, down_up: complex, down_down: complex, r: Column
) -> float:
    """Add what four amplitudes give to R times the summed squares, shape (3, 3); return the latter."""
    # products over the fermion's spin, for its Pauli matrices x, y, z, by the antifermion's b and b'
    for i in range(3):
        if i == 2:
            k00 = up_up * up_up.conjugate() - down_up * down_up.conjugate()
            k01 = up_up * up_down.conjugate() - down_up * down_down.conjugate()
            k10 = up_down * up_up.conjugate() - down_down * down_up.conjugate()
            k11 = up_down * up_down.conjugate() - down_down * down_down.conjugate()
        else:
            phase = 1.0 + 0.0j if i == 0 else 1.0j
            other = phase.conjugate()
            k00 = phase * up_up * down_up.conjugate() + other * down_up * up_up.conjugate()
            k01 = phase * up_up * down_down.conjugate() + other * down_up * up_down.conjugate()
            k10 = phase * up_down * down_up.conjugate() + other * down_down * up_up.conjugate()
            k11 = phase * up_down * down_down.conjugate() + other * down_down * up_down.conjugate()
        r[i, 0] -= (k01 + k10).real
        r[i, 1] -= (1.0j * (k10 - k01)).real
        r[i, 2] -= (k00 - k11).real
    return (
        up_up.real**2
        + up_up.imag**2
        + up_down.real**2
        + up_down.imag**2
        + down_up.real**2
        + down_up.imag**2
        + down_down.real**2
        + down_down.imag**2
    )
