"""What to take from an ntuple, and which rows: plain data that travels to the workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from darkbelle.channels import Channel
from darkbelle.datasets import Dataset
from darkbelle.errors import ConfigurationError

__all__ = ["COUNTER_FIELDS", "MAX_CANDIDATES", "JoinedRange", "Layout", "RowRange"]

# The analysis' names for basf2's own columns.
COUNTER_FIELDS: Final = {
    "experiment": "__experiment__",
    "run": "__run__",
    "event": "__event__",
    "production": "__production__",
    "candidate": "__candidate__",
    "n_candidates": "__ncandidates__",
    "signal_side_candidate": "__signalSideCandidate__",
    # one over the share of events that basf2 was asked to keep; in samples of `darkbelle reweight` times the
    # weight of the hypothesis
    "inverse_sampling_rate": "__weight__",
}

MAX_CANDIDATES: Final = 100  # default of basf2's VariablesToEventBasedTree


@dataclass(frozen=True)
class Layout:
    """Which prefix is which particle, and which variable is which quantity. Declared, never guessed.

    Parameters
    ----------
    particles
        Particle of the analysis: prefix of its branches, without the underscore that follows. The
        empty prefix stands for the candidate itself.
    columns
        Quantity of the analysis: basf2 variable, escaped or not.
    tree
        Tree of the candidates.
    joined_trees
        Trees of the same file to join on the event key.
    max_candidates
        Event-based trees: the length of basf2's arrays, past which there is garbage.

    Raises
    ------
    ConfigurationError
        Two things get one name, or two particles one prefix.
    """

    particles: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    tree: str = "variables"
    joined_trees: tuple[str, ...] = ()
    max_candidates: int = MAX_CANDIDATES

    def __post_init__(self) -> None:
        seen: set[str] = set(COUNTER_FIELDS)
        for kind, names in (
            ("particle", self.particles),
            ("column", self.columns),
            ("joined tree", self.joined_trees),
        ):
            for name in names:
                if name in seen:
                    raise ConfigurationError(
                        f"{kind} {name!r} has a name that is taken already; counters are "
                        f"{', '.join(COUNTER_FIELDS)}, and particles, columns and joined trees share "
                        "one space of names: rename it"
                    )
                seen.add(name)
        if len(set(self.particles.values())) < len(self.particles):
            raise ConfigurationError(
                f"two particles have one prefix in {self.particles}; each particle needs its own"
            )

    @classmethod
    def of(cls, channel: Channel, dataset: Dataset) -> Self:
        """Return the layout of a dataset's files: the channel's names, the dataset's exceptions."""
        for kind in ("particles", "columns"):
            known, given = getattr(channel, kind), getattr(dataset, kind)
            if unknown := sorted(set(given) - set(known)):
                raise ConfigurationError(
                    f"dataset of {dataset.process!r}: {kind} {', '.join(unknown)} are not declared by "
                    f"channel {channel.name!r}, which has {', '.join(known)}; correct the dataset file"
                )
        return cls(
            particles={**channel.particles, **dataset.particles},
            columns={**channel.columns, **dataset.columns},
            tree=dataset.tree,
            joined_trees=dataset.joined_trees,
        )


@dataclass(frozen=True)
class JoinedRange:
    """The rows of a joined tree that belong to a range of the main tree."""

    tree: str
    start: int
    stop: int


@dataclass(frozen=True)
class RowRange:
    """Rows of one tree of one file: ``start`` included, ``stop`` not.

    ``joined`` narrows where a joined tree is searched; a tree that is not named there is searched whole.
    """

    path: str
    tree: str
    start: int
    stop: int
    joined: tuple[JoinedRange, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.stop - self.start
