"""Find the limits of all cases by pyhf, and write them: ``python -m darkbelle.fitting.validation FILE``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from darkbelle.fitting.validation.references import (
    Reference,
    difference,
    fast_limits,
    reference_of,
    write_references,
)
from darkbelle.fitting.validation.testset import cases

_LOG = logging.getLogger("darkbelle.fitting.validation")


def main(path: Path) -> None:
    """Write the references, and log each case that was examined."""
    found: dict[str, Reference] = {}
    for case in cases():
        reference = reference_of(case)
        found[case.name] = reference
        if reference.scan:
            limits = fast_limits(case)
            ours = difference((limits.observed, *limits.expected), reference.scan)
            theirs = [f"{name} {difference(six, reference.scan):.1e}" for name, six in reference.by.items()]
            _LOG.info(
                "%s, away from the scan: fast %.1e, %s", case.name, ours, ", ".join(theirs) or "no pyhf"
            )
    write_references(path, found)
    examined = sum(bool(item.scan) for item in found.values())
    _LOG.info("%d cases, of which %d were examined; written to %s", len(found), examined, path)


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    main(Path(sys.argv[1]))
