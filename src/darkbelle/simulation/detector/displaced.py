"""How likely tracks that start away from the beam are found: efficiencies to plot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from darkbelle.constants import MUON_MASS
from darkbelle.kernels import libm
from darkbelle.simulation.detector.parameters import NOMINAL_DETECTOR, DetectorParameters
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.detector.track_fit import follow
from darkbelle.simulation.detector.tracking import track_efficiency
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import Column, FourVector

__all__ = ["displaced_track_efficiency"]


def displaced_track_efficiency(
    radius: Column,
    momentum: float = 1.0,
    *,
    theta: float = np.pi / 2,
    from_radial: float = 0.3,
    detector: DetectorParameters = NOMINAL_DETECTOR,
) -> Column:
    """Return the probability that a muon born at a distance from the z axis is found as a track.

    Parameters
    ----------
    radius
        Transverse distances at which it is born, cm; in z it flew there at ``theta`` too.
    momentum
        GeV.
    theta
        Polar angle, rad.
    from_radial
        Angle in the transverse plane between its momentum and the way outwards, rad.
    detector
        The numbers of the model.

    Examples
    --------
    From the beam, from between silicon and wires, and from where 48, 36, 30 and 18 layers are left:

    >>> displaced_track_efficiency(np.array([0.0, 15.0, 25.0, 47.0, 58.0, 80.0])).round(2)
    array([0.99, 0.99, 0.97, 0.54, 0.13, 0.  ])
    """
    size = radius.size
    across, along = momentum * libm.sin(theta), momentum * libm.cos(theta)
    px, py = libm.cos(from_radial) * across, libm.sin(from_radial) * across
    columns = (px, py, along, np.hypot(momentum, MUON_MASS))
    momenta = FourVector(*(np.full((size, 1), value) for value in columns))
    at_origin = GeneratedEvents.from_slots(np.array([13]), momenta, frame="lab")
    events = replace(at_origin, x=np.asarray(radius, dtype=np.float64), z=radius / libm.tan(theta))
    muons = passage(events, detector, np.random.default_rng(0)).charged  # muons draw nothing
    return track_efficiency(muons, follow(muons, detector), detector.tracking)
