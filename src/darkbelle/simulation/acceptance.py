"""Where tracks can be found at all: a filter at generator level, a little wider than the detector."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.phase_space import rotated_z_to
from darkbelle.vectors import FourVector

__all__ = ["inside_tracking", "nominal_lab"]

# the CDC covers 17° to 150°; half a degree is beyond any error of a track's direction and the spread
# of the beams
FORWARD, BACKWARD = math.radians(16.5), math.radians(150.5)


def nominal_lab(momenta: FourVector) -> FourVector:
    """Return momenta of the CM frame, electron along +z, in the lab at the nominal beams, shape (n,)."""
    electron = boost_to_rest_frame(NOMINAL.electron, NOMINAL.four_vector)
    axis = (electron.px / electron.energy, electron.py / electron.energy, electron.pz / electron.energy)
    return boost_from_rest_frame(rotated_z_to(momenta, axis), NOMINAL.four_vector)


def inside_tracking(momenta: FourVector, least_momentum: float = 0.0) -> NDArray[np.bool_]:
    """Return which particles, given in the CM frame, fly into the drift chamber with enough momentum.

    Parameters
    ----------
    momenta
        CM frame, electron along +z, GeV, shape (n,).
    least_momentum
        In the lab, GeV.
    """
    lab = nominal_lab(momenta)
    size = np.sqrt(lab.px**2 + lab.py**2 + lab.pz**2)
    cosine = lab.pz / np.where(size > 0.0, size, 1.0)
    return (size > least_momentum) & (cosine < math.cos(FORWARD)) & (cosine > math.cos(BACKWARD))
