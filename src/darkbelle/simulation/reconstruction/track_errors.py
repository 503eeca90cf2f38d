"""basf2's verdict on a track's particle hypothesis."""

from __future__ import annotations

from typing import Final

import numpy as np

from darkbelle.simulation.detector.records import Codes, TrueTracks

__all__ = ["DECAY_IN_FLIGHT", "MISIDENTIFIED", "mc_errors"]

DECAY_IN_FLIGHT: Final = 4
MISIDENTIFIED: Final = 128


def mc_errors(truth: TrueTracks, hypothesis: int) -> Codes:
    """Return ``mcErrors`` of tracks taken for a particle.

    As basf2 does it: 0 if the particle that left the hits is of the hypothesis, even if it stems from
    a decay in flight; else `MISIDENTIFIED` for a generated particle, and `DECAY_IN_FLIGHT` for one born
    in the detector, with `MISIDENTIFIED` if the generated particle behind it is not of the hypothesis
    either. So the muon of π → μν that leaves the track itself counts as correct, and a pion that
    decays behind its track as misidentified.

    Parameters
    ----------
    hypothesis
        Signed PDG code.

    References
    ----------
    basf2, ``analysis/utility/src/MCMatching.cc``, getFlagsOfFSP.
    """
    wrong = truth.pdg != hypothesis
    in_flight = wrong & truth.secondary
    misidentified = wrong & (~truth.secondary | (truth.primary_pdg != hypothesis))
    errors: Codes = (DECAY_IN_FLIGHT * in_flight + MISIDENTIFIED * misidentified).astype(np.int32)
    return errors
