"""What can go wrong, as one tree.

::

    DarkbelleError
    ├── ConfigurationError (ValueError)   a channel, dataset or options file says something impossible
    ├── KernelInputError (ValueError)     arrays of the wrong shape or type reached a kernel
    ├── NtupleError (ValueError)          an input file is not what its dataset says
    │   ├── MissingBranchError (KeyError)     a branch that is read is not there
    │   ├── UnreadableFileError (OSError)     truncated, not ROOT, or gone
    │   └── DuplicateEventsError              the same event stands in two places
    ├── SimulationError (RuntimeError)    a generator or the detector model cannot go on
    ├── RunError (RuntimeError)           a run folder cannot be used as asked
    │   ├── StoreError                        a stored result is damaged or of another run
    │   ├── DiskFullError (OSError)           there is no room for a file
    │   └── IncompleteRunError                rows are missing and the loss was not allowed
    └── FitError (RuntimeError)           a model cannot be built, or a fit did not converge

Every message says what, got, expected, and the cure. Each class is also the builtin that a caller
without knowledge of darkbelle would catch.
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "DarkbelleError",
    "DiskFullError",
    "DuplicateEventsError",
    "FitError",
    "IncompleteRunError",
    "KernelInputError",
    "MissingBranchError",
    "NtupleError",
    "RunError",
    "SimulationError",
    "StoreError",
    "UnreadableFileError",
]


class DarkbelleError(Exception):
    """Any error that darkbelle raises on purpose."""


class ConfigurationError(DarkbelleError, ValueError):
    """A channel, dataset or options file says something impossible."""


class KernelInputError(DarkbelleError, ValueError):
    """Arrays of the wrong shape or type reached a kernel."""


class NtupleError(DarkbelleError, ValueError):
    """An input file is not what its dataset says."""


class MissingBranchError(NtupleError, KeyError):
    """A branch that is read is not in the file."""

    __str__ = Exception.__str__  # KeyError would show the message in quotes


class UnreadableFileError(NtupleError, OSError):
    """A file is truncated, not of its format, or gone."""


class DuplicateEventsError(NtupleError):
    """The same event stands in two places."""


class SimulationError(DarkbelleError, RuntimeError):
    """A generator or the detector model cannot go on."""


class RunError(DarkbelleError, RuntimeError):
    """A run folder cannot be used as asked."""


class StoreError(RunError):
    """A stored result is damaged, or belongs to another run."""


class DiskFullError(RunError, OSError):
    """There is no room for a file that has to be written."""


class IncompleteRunError(RunError):
    """Rows are missing and the loss was not allowed."""


class FitError(DarkbelleError, RuntimeError):
    """A model cannot be built, or a fit did not converge."""
