"""The edge of a spectrum: functions that fall off at a mass, and their fits, binned and unbinned.

Read in this order: `shapes` (the functions, their integrals and derivatives), `likelihood`, `fit`, and
`toys`.
"""

from __future__ import annotations

from darkbelle.fitting.edge.fit import EdgeFit, fit_edge, fit_edge_unbinned
from darkbelle.fitting.edge.shapes import SHAPES, EdgeShape, edge_shape

__all__ = ["SHAPES", "EdgeFit", "EdgeShape", "edge_shape", "fit_edge", "fit_edge_unbinned"]
