"""The pseudomass of a τ, of which one neutrino is lost: an edge at the τ mass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels.boosts import boost_to_rest_frame
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.vectors import Column, FourVector

__all__ = ["Pseudomass", "pseudomass"]


class Pseudomass(NamedTuple):
    """Of each event: ``mass`` in GeV, NaN where it has none, and ``squared`` in GeV², which always is there.

    Those with ``squared < 0`` are to be counted, not dropped in silence: `undefined` does.
    """

    mass: Column
    squared: Column

    @property
    def undefined(self) -> int:
        """Number of events whose squared pseudomass is negative or NaN."""
        return int(np.sum(~(self.squared >= 0.0)))


def pseudomass(visible: FourVector, beam: FourVector) -> Pseudomass:
    r"""Return :math:`M_\min = \sqrt{M^2 + 2(\sqrt s/2 - E^*)(E^* - p^*)}` of the visible part of a τ.

    It is the least mass of a τ of CM energy :math:`\sqrt s/2` that decays into the visible part and
    one neutrino, which then flies along it.

    Parameters
    ----------
    visible
        Sum of the visible products of one τ, shape (n,) or (1,), GeV, lab.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.

    References
    ----------
    ARGUS, Phys. Lett. B 292 (1992) 221; Belle II, Phys. Rev. D 108 (2023) 032006, eq. (1).

    >>> at_rest = FourVector.single(0.0, 0.0, 0.0, 1.0)
    >>> pseudomass(at_rest, FourVector.single(0.0, 0.0, 0.0, 10.0)).mass
    array([3.])
    """
    visible, beam = checked_vector("visible", visible), checked_vector("beam", beam)
    size = common_size(visible=visible, beam=beam)
    in_cm = boost_to_rest_frame(visible, beam)
    half_energy = np.sqrt(beam.mass_squared()) / 2
    out = Pseudomass(np.empty(size), np.empty(size))
    _pseudomass(in_cm, FourVector(half_energy, half_energy, half_energy, half_energy), out)
    return out


@kernel
def _pseudomass(in_cm: FourVector, half: FourVector, out: Pseudomass) -> None:
    one_visible = in_cm.energy.size == 1
    one_beam = half.energy.size == 1
    for i in range(out.mass.size):
        v = 0 if one_visible else i
        tau_energy = half.energy[0 if one_beam else i]
        energy = in_cm.energy[v]
        momentum = np.sqrt(in_cm.px[v] ** 2 + in_cm.py[v] ** 2 + in_cm.pz[v] ** 2)
        # E² − p² + 2(E_τ − E)(E − p), with the common factor taken out
        squared = (energy - momentum) * (2.0 * tau_energy - energy + momentum)
        out.squared[i] = squared
        out.mass[i] = np.sqrt(squared) if squared >= 0.0 else np.nan
