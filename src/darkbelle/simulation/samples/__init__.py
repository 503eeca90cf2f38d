"""Samples: many events of a process, through the detector, as ntuples with a dataset file.

A sample is made in blocks of a fixed number of events. Each block has its own random numbers and its
own file, so that the files do not depend on the number of workers, and a broken-off production goes
on where it stopped.
"""

from __future__ import annotations

from darkbelle.simulation.samples.blocks import DEFAULT_BLOCK, SampleRequest
from darkbelle.simulation.samples.catalogue import SIZES, catalogue, catalogue_names, make_catalogue
from darkbelle.simulation.samples.costs import Cost, cost_of
from darkbelle.simulation.samples.making import Progress, make_samples, simulate_sample
from darkbelle.simulation.samples.reweighted import Hypothesis, Reweighted, reweight_sample

__all__ = [
    "DEFAULT_BLOCK",
    "SIZES",
    "Cost",
    "Hypothesis",
    "Progress",
    "Reweighted",
    "SampleRequest",
    "catalogue",
    "catalogue_names",
    "cost_of",
    "make_catalogue",
    "make_samples",
    "reweight_sample",
    "simulate_sample",
]
