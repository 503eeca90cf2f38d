"""From tracks and photons to lists of particles and candidates, as basf2's modules make them."""

from __future__ import annotations

from darkbelle.simulation.reconstruction.bremsstrahlung import (
    BremsstrahlungCuts,
    bremsstrahlung_of,
    with_bremsstrahlung,
)
from darkbelle.simulation.reconstruction.charged import TrackCuts, charged_list
from darkbelle.simulation.reconstruction.combination import Daughter, combine
from darkbelle.simulation.reconstruction.displaced import FittedPairs, VertexedList, fitted_pairs, pairs_as
from darkbelle.simulation.reconstruction.particle_list import ParticleList
from darkbelle.simulation.reconstruction.photons import neutral_pions, photon_list
from darkbelle.simulation.reconstruction.truth_tree import TruthTree, truth_tree
from darkbelle.simulation.reconstruction.visible import VisibleParticles, visible_particles

__all__ = [
    "BremsstrahlungCuts",
    "Daughter",
    "FittedPairs",
    "ParticleList",
    "TrackCuts",
    "TruthTree",
    "VertexedList",
    "VisibleParticles",
    "bremsstrahlung_of",
    "charged_list",
    "combine",
    "fitted_pairs",
    "neutral_pions",
    "pairs_as",
    "photon_list",
    "truth_tree",
    "visible_particles",
    "with_bremsstrahlung",
]
