"""What columns of a row tell of a fitted vertex."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import erfc

from darkbelle.kernels import PairVertices
from darkbelle.simulation.steering.columns import Columns
from darkbelle.vectors import Column, FourVector

__all__ = ["vertex_columns"]


class Flight(NamedTuple):
    """Length in cm, its standard deviation, and cosine to a momentum, shape (n,)."""

    length: Column
    error: Column
    cosine: Column


def vertex_columns(prefix: str, vertices: PairVertices, momenta: FourVector) -> Columns:
    """Return where candidates decay, as seen from the nominal interaction point, the origin.

    ``x y z`` in cm, lab; ``dr``, transverse distance, and ``drSignificance``, it over its error;
    ``distance`` and ``significanceOfDistance``, the same in space; ``chiProb``, the probability of a worse
    fit; ``cosAngleBetweenMomentumAndVertexVector`` and ``…InXYPlane``, 1 where a candidate points back.
    """
    position = np.stack([vertices.x, vertices.y, vertices.z], axis=1)
    momentum = np.stack([momenta.px, momenta.py, momenta.pz], axis=1)
    plane = _flight(position[:, :2], vertices.covariance[:, :2, :2], momentum[:, :2])
    space = _flight(position, vertices.covariance, momentum)
    columns = {
        "x": vertices.x,
        "y": vertices.y,
        "z": vertices.z,
        "dr": plane.length,
        "drSignificance": plane.length / plane.error,
        "distance": space.length,
        "significanceOfDistance": space.length / space.error,
        "chiProb": erfc(np.sqrt(vertices.chi_squared / 2)),
        "cosAngleBetweenMomentumAndVertexVector": space.cosine,
        "cosAngleBetweenMomentumAndVertexVectorInXYPlane": plane.cosine,
    }
    return {f"{prefix}_{name}": values for name, values in columns.items()}


def _flight(position: Column, covariance: Column, momentum: Column) -> Flight:
    length = np.sqrt((position**2).sum(axis=1))
    unit = position / length[:, None]
    error = np.sqrt(np.einsum("ni,nij,nj->n", unit, covariance, unit))
    along = (unit * momentum).sum(axis=1)
    return Flight(length, error, along / np.sqrt((momentum**2).sum(axis=1)))
