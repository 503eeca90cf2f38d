"""Who came from whom in the generated events: all particles, stable and decayed, in one table."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.simulation.detector.records import Codes, Indices
from darkbelle.simulation.events import GeneratedEvents

__all__ = [
    "ADDED_WRONG_PARTICLE",
    "INTERNAL_ERROR",
    "MISSING_FSR",
    "MISSING_GAMMA",
    "MISSING_K_LONG",
    "MISSING_MASSIVE",
    "MISSING_NEUTRINO",
    "MISSING_RESONANCE",
    "TruthTree",
    "common_ancestors",
    "missing_flags",
    "truth_tree",
]

# basf2's bits, analysis/dataobjects/include/MCMatching.h
MISSING_FSR: Final = 1
MISSING_RESONANCE: Final = 2
MISSING_NEUTRINO: Final = 8
MISSING_GAMMA: Final = 16
MISSING_MASSIVE: Final = 32
MISSING_K_LONG: Final = 64
ADDED_WRONG_PARTICLE: Final = 256
INTERNAL_ERROR: Final = 512

PHOTON, ETA, K_LONG = 22, 221, 130


class TruthTree(NamedTuple):
    """The particles of all events: first the stable ones in their order, then those that decayed.

    Attributes
    ----------
    pdg
        Code, shape (n,).
    mother
        Row of the mother, -1 for a particle from the collision itself, shape (n,).
    stable_offsets, decayed_offsets
        Shape (n_events + 1,): rows of the stable particles of each event, and of the others.
    """

    pdg: Codes
    mother: Indices
    stable_offsets: Indices
    decayed_offsets: Indices


def truth_tree(events: GeneratedEvents) -> TruthTree:
    """Return the table of all particles of generated events."""
    stable, ancestors = len(events.pdg), events.ancestors
    event = np.repeat(np.arange(len(events)), np.diff(ancestors.offsets))
    above = np.concatenate([events.mother_row, ancestors.row(event, ancestors.mother)])
    return TruthTree(
        np.concatenate([events.pdg, ancestors.pdg]),
        np.where(above >= 0, above + stable, -1),
        events.offsets,
        ancestors.offsets + stable,
    )


def common_ancestors(tree: TruthTree, rows: Indices) -> Indices:
    """Return the first common ancestor of the true particles in each line, -1 for none.

    Parameters
    ----------
    rows
        Shape (n, k): rows of the tree, -1 for a particle without a match, which has no ancestor.
    """
    found = np.full(len(rows), -1, dtype=np.int64)
    _common_ancestors(tree.mother, np.ascontiguousarray(rows), found)
    return found


def missing_flags(tree: TruthTree, event: Indices, ancestor: Indices, chain: Indices) -> Codes:
    """Return basf2's flags of what came from an ancestor and is not in the candidate.

    A photon is taken for final-state radiation where its mother has two or more other daughters and is
    no η, as our generators do not mark those that they add; in basf2 the generator's mark decides.

    Parameters
    ----------
    event
        Of each candidate, shape (n,).
    ancestor
        Row of its common ancestor, or -1, shape (n,).
    chain
        Rows of all true particles in it, shape (n, m).
    """
    flags = np.zeros(len(event), dtype=np.int32)
    children = np.bincount(tree.mother[tree.mother >= 0], minlength=len(tree.pdg))
    _missing_flags(tree, children, event, ancestor, np.ascontiguousarray(chain), flags)
    return flags


@kernel
def _common_ancestors(mother: Indices, rows: Indices, found: Indices) -> None:
    for i in range(found.size):
        candidate = mother[rows[i, 0]] if rows[i, 0] >= 0 else -1
        while candidate >= 0:
            shared = True
            for k in range(1, rows.shape[1]):
                above = mother[rows[i, k]] if rows[i, k] >= 0 else -1
                while above >= 0 and above != candidate:
                    above = mother[above]
                shared = shared and above == candidate
            if shared:
                break
            candidate = mother[candidate]
        found[i] = candidate


@kernel
def _missing_flags(
    tree: TruthTree, children: Indices, event: Indices, ancestor: Indices, chain: Indices, flags: Codes
) -> None:
    for i in range(flags.size):
        if ancestor[i] < 0:
            continue
        for stable in range(2):
            offsets = tree.stable_offsets if stable == 1 else tree.decayed_offsets
            for row in range(offsets[event[i]], offsets[event[i] + 1]):
                in_chain = False
                for k in range(chain.shape[1]):
                    in_chain = in_chain or chain[i, k] == row
                above = tree.mother[row]
                while above >= 0 and above != ancestor[i]:
                    above = tree.mother[above]
                if in_chain or above != ancestor[i]:
                    continue
                code = abs(tree.pdg[row])
                if stable == 0:
                    flags[i] |= 2
                elif code == 22:
                    mother = tree.mother[row]
                    radiated = children[mother] > 2 and tree.pdg[mother] != 221
                    flags[i] |= 1 if radiated else 16
                elif code in (12, 14, 16):
                    flags[i] |= 8
                elif code == 130:
                    flags[i] |= 64
                else:
                    flags[i] |= 32
