"""The measurement of the τ mass: the edge of the data, less its bias, with all uncertainties."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from darkbelle.fitting.edge import fit_edge
from darkbelle.fitting.measurements import Measurement, write_measurement
from darkbelle.fitting.spectra import data_luminosity
from darkbelle.fitting.tau_edge import MEV, Data, bias_of, counts_of, nearest, tau_mass_inputs
from darkbelle.fitting.tau_systematics import ShiftedEvents, Systematics, systematics
from darkbelle.runfolder import load_result

__all__ = ["measure"]


def measure(
    run_dir: str | Path, *, data: Data = "pseudo", mass: float | None = None, seed: int = 1
) -> Measurement:
    """Measure the τ mass in a run, and write ``RUN/fit.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    data
        ``observed`` fits the run's data; it is asked for by name. ``pseudo`` takes one simulated sample
        for data, together with a Poisson draw of the backgrounds, and calibrates with the others.
    mass
        Which sample is taken for data, GeV; by default the one nearest to the PDG's mass.
    seed
        Of the backgrounds drawn.

    Raises
    ------
    FitError
        There are not enough samples to calibrate with, or a fit does not converge.
    """
    result = load_result(run_dir)
    inputs = tau_mass_inputs(result)
    taken = None
    if data == "pseudo":
        taken = nearest(inputs) if mass is None else mass
    luminosity = data_luminosity(result) if taken is None else inputs.luminosity_of(taken)
    counts = counts_of(result, inputs, taken, seed)
    bias = bias_of(inputs, tuple(m for m in inputs.signals if m != taken))
    fit = fit_edge(inputs.edges, counts, minos=True)
    found = bias.corrected(fit.edge)
    stat = fit.edge_error / (1.0 + bias.slope)
    events = ShiftedEvents.of(run_dir, inputs.names[nearest(inputs)])
    source = Systematics(inputs, bias, fit, counts, events)
    motion = {
        name: [events.motion(f"{name}_{way}", fit.edge) * MEV for way in ("up", "down")]
        for name in inputs.channel.shifts
    }
    measurement = Measurement(
        channel=inputs.channel.name,
        parameter=inputs.channel.poi,
        unit="MeV",
        value=found * MEV,
        stat=stat * MEV,
        shifts={name: shift.times(MEV) for name, shift in systematics(source).items()},
        luminosity_fb=luminosity,
        data=data,
        stat_at=stat * MEV * float(np.sqrt(luminosity / inputs.channel.luminosity_fb)),
        details={
            "edge": {"values": dict(fit.values), "errors": dict(fit.errors), "minos": fit.minos},
            "goodness": None if fit.goodness is None else fit.goodness.p_value,
            "events": fit.events,
            "bias": {
                "offset_mev": bias.offset * MEV,
                "slope": bias.slope,
                "points": [
                    {"mass": p.mass, "bias_mev": p.bias * MEV, "error_mev": p.error * MEV}
                    for p in bias.points
                ],
            },
            "kinematics_mev": {name: moved for name, moved in motion.items() if any(moved)},
            "fit_functions": {
                shape: {"difference_mev": difference * MEV, "error_mev": error * MEV}
                for shape, (difference, error) in source.other_functions().items()
            },
            "simulated_mass": taken,
            "seed": seed,
        },
    )
    write_measurement(run_dir, measurement)
    return measurement
