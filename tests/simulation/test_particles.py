from __future__ import annotations

import numpy as np

from darkbelle.simulation.particles import Particles
from darkbelle.vectors import FourVector


def test_events_left_out_take_their_particles_along_and_the_others_keep_their_mothers() -> None:
    energies = np.array([4.0, 5.0, 6.0])
    nothing = np.zeros(3)
    particles = Particles.from_collision(
        np.array([0, 1, 2]), np.array([521, 511, -521]), FourVector(nothing, nothing, nothing, energies)
    )
    pions = FourVector(nothing, nothing, nothing, np.array([3.0, 2.0, 1.0]))
    particles = particles.with_daughters(np.array([0, 1, 2]), np.full(3, 211), pions, np.zeros((3, 4)))
    kept = particles.renumbered(np.array([1, -1, 0]))
    assert kept.event.tolist() == [1, 0, 1, 0]
    assert kept.pdg.tolist() == [521, -521, 211, 211]
    assert kept.momenta.energy.tolist() == [4.0, 6.0, 3.0, 1.0]
    assert kept.mother.tolist() == [-1, -1, 0, 1]
    assert kept.decayed.tolist() == [True, True, False, False]
    events = kept.into_events(2, "cm")
    assert events.mother_pdg.tolist() == [-521, 521]
