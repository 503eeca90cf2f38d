"""The detector: what it sees of generated events. All its numbers stand in `parameters`."""

from __future__ import annotations

from darkbelle.simulation.detector.displaced import displaced_track_efficiency
from darkbelle.simulation.detector.parameters import (
    NOMINAL_DETECTOR,
    DetectorParameters,
    detector_with,
    table,
)
from darkbelle.simulation.detector.records import DetectedEvents, Photons, Tracks, TrueTracks
from darkbelle.simulation.detector.response import detect

__all__ = [
    "NOMINAL_DETECTOR",
    "DetectedEvents",
    "DetectorParameters",
    "Photons",
    "Tracks",
    "TrueTracks",
    "detect",
    "detector_with",
    "displaced_track_efficiency",
    "table",
]
