"""The frame in which a τ nearly rests, found from what the other τ of the event decays into."""

from __future__ import annotations

import numpy as np

from darkbelle.constants import TAU_MASS
from darkbelle.kernels.boosts import boost_to_rest_frame
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.vectors import Column, FourVector

__all__ = ["scaled_lepton_energy"]


def scaled_lepton_energy(
    lepton: FourVector, tag: FourVector, beam: FourVector, *, tau_mass: float = TAU_MASS
) -> Column:
    r"""Return :math:`x_\ell = E^*_\ell/(m_\tau/2)` in the pseudo-rest frame of the τ it comes from.

    In the CM that τ is given the energy :math:`\sqrt s/2` and the direction opposite to the visible
    products of the other τ. A lepton of τ → ℓα is a line in the true rest frame, and a bump here.

    Parameters
    ----------
    lepton
        Shape (n,) or (1,), GeV, lab.
    tag
        Sum of the visible products of the other τ, shape (n,) or (1,), GeV, lab.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.
    tau_mass
        GeV.

    Returns
    -------
    Column
        Shape (n,); NaN where the tag has no CM momentum, or where the beams cannot make two τ.

    References
    ----------
    ARGUS, Z. Phys. C 68 (1995) 25; Belle II, Phys. Rev. Lett. 130 (2023) 181803.
    """
    lepton, tag, beam = (
        checked_vector(name, vector) for name, vector in (("lepton", lepton), ("tag", tag), ("beam", beam))
    )
    out = np.empty(common_size(lepton=lepton, tag=tag, beam=beam))
    lepton_cm, tag_cm = boost_to_rest_frame(lepton, beam), boost_to_rest_frame(tag, beam)
    half_energy = np.sqrt(beam.mass_squared()) / 2
    tau = FourVector(half_energy, half_energy, half_energy, half_energy)
    _scaled_energy(lepton_cm, tag_cm, tau, tau_mass, out)
    return out


@kernel
def _scaled_energy(
    lepton: FourVector, tag: FourVector, half: FourVector, tau_mass: float, out: Column
) -> None:
    one_lepton = lepton.energy.size == 1
    one_tag = tag.energy.size == 1
    one_beam = half.energy.size == 1
    for i in range(out.size):
        v = 0 if one_lepton else i
        t = 0 if one_tag else i
        energy = half.energy[0 if one_beam else i]
        momentum = np.sqrt(energy * energy - tau_mass * tau_mass)
        size = np.sqrt(tag.px[t] ** 2 + tag.py[t] ** 2 + tag.pz[t] ** 2)
        along = -(lepton.px[v] * tag.px[t] + lepton.py[v] * tag.py[t] + lepton.pz[v] * tag.pz[t]) / size
        in_rest_frame = (energy * lepton.energy[v] - momentum * along) / tau_mass
        out[i] = in_rest_frame / (tau_mass / 2.0)
