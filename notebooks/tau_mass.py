# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The mass of the τ from an edge
#
# In $e^+e^-\to\tau^+\tau^-$ either τ has half the energy of the beams, and $\tau^-\to\pi^-\pi^+\pi^-\nu$
# has one neutrino. If it flew along the three pions, the mass of the τ would be
#
# $$M_\mathrm{min} = \sqrt{M_{3\pi}^2 + 2\,(\sqrt{s}/2 - E^*_{3\pi})\,(E^*_{3\pi} - p^*_{3\pi})}$$
#
# and as it does not, the true mass is larger: $M_\mathrm{min}$ ends at $m_\tau$, in an edge.
#
# Everything here is **simulation**: TAUOLA and Pythia through a parametrised detector; the "data" are one
# of the samples. They are small, to run in some minutes, and their answer is good to some 2 MeV:
#
# | size | τ pairs near the edge, each mass | luminosity | statistical uncertainty |
# |---|---|---|---|
# | `small`, this notebook | 10 000 | 0.4/fb | some 2 MeV |
# | `demo`, of `darkbelle demo --channel tau_mass` | 160 000 | 6.8/fb | 0.4 MeV |
# | `full` | 1 600 000 | 67.5/fb | 0.13 MeV |
#
# With so few events the bias is not known better than the answer, and a fit may find its edge some MeV off.
# `docs/tau_mass.md` has what larger samples give.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import darkbelle
from darkbelle.channels import load_channel
from darkbelle.fitting.measuring import measure_run
from darkbelle.fitting.plots.edge import plot_bias, plot_edge
from darkbelle.fitting.plots.shifts import plot_shifts
from darkbelle.fitting.plots.style import OKABE_ITO, axis_title, new_figure, stamp, styled
from darkbelle.fitting.tau_edge import bias_of, counts_of, tau_mass_inputs
from darkbelle.fitting.tau_systematics import PUBLISHED, limited_by_simulation
from darkbelle.runfolder import load_result
from darkbelle.simulation.samples import make_catalogue

folder = Path(os.environ.get("DARKBELLE_NOTEBOOK_FOLDER") or mkdtemp())
channel = load_channel("tau_mass")

# %% [markdown]
# ## Collisions, and three pions against one track
#
# τ pairs of several masses: one stands for data, the others say how far the edge lies beside the mass. Only
# those with a true pseudomass from 1.65 to 1.90 GeV are made: the fit goes from 1.70 to 1.85 GeV.

# %%
datasets = make_catalogue("tau_mass", "small", folder / "samples", seed=1)
for name, dataset in datasets.items():
    mass = "" if dataset.mass is None else f"m = {1e3 * dataset.mass:.2f} MeV"
    print(f"{name:36s} {dataset.generated_events:7d} generated {mass}")

# %%
run = darkbelle.run("tau_mass", folder / "samples" / "datasets.yaml", folder / "run")
run

# %%
signals = [name for name, dataset in datasets.items() if dataset.process == channel.signal]
flow = run.cutflow(signals[0])
for cut, kept in zip(("rows", *flow.cuts), flow.events, strict=True):
    print(f"{cut:26s} {kept:8d}")

# %% [markdown]
# ## The edge

# %%
wide = sum(run.histogram(name, "pseudomass_wide") for name in signals)
axis = channel.axes["pseudomass_wide"]
with styled():
    fig, ax = new_figure(size=(8, 5))
    ax.stairs(
        wide.values(), axis.edges, color=OKABE_ITO["blue"], label=r"$\tau\tau$ pairs of all masses, selected"
    )
    ax.axvline(channel.masses[1], linestyle="--", color="black", linewidth=1, label=r"$m_\tau$ of the data")
    ax.axvspan(1.70, 1.85, color="0.9", zorder=0, label="range of the fit")
    ax.set(xlabel=axis_title(axis), ylabel="Entries / (10 MeV)", xlim=(1.5, 2.1))
    ax.legend()
    stamp(ax)
fig

# %% [markdown]
# ## The measurement
#
# An edge function is fitted in bins of 0.05 MeV, the bias of its edge taken off, and everything done again
# with shifted momenta, beams, weights and backgrounds: of the same events, so that shifts are known better
# than the answer. The error beside each shift is what their statistics leave.

# %%
measurement = measure_run(run.folder)
for table in measurement.tables():
    print(table.title)
    for line in table.rows:
        print("  ", *(f"{cell:+9.4f}" if isinstance(cell, float) else f"{cell:24s}" for cell in line))
print(measurement.remark)

# %%
inputs = tau_mass_inputs(load_result(run.folder))
taken, seed = measurement.details["simulated_mass"], measurement.details["seed"]
with styled():
    edge_figure = plot_edge(
        inputs.edges, counts_of(load_result(run.folder), inputs, taken, seed), measurement
    )
edge_figure

# %%
with styled():
    bias_figure = plot_bias(bias_of(inputs, tuple(mass for mass in inputs.signals if mass != taken)))
bias_figure

# %%
with styled():
    shifts_figure = plot_shifts(measurement, PUBLISHED, limited_by_simulation(measurement.shifts))
shifts_figure

# %% [markdown]
# The published measurement, with 190/fb, is 1777.09 ± 0.08 ± 0.11 MeV. The statistical uncertainty of ours
# goes with the square root of the luminosity:

# %%
published = channel.published
print(f"at {channel.luminosity_fb:g}/fb: ± {measurement.stat_at:.3f} MeV; published: ± {published.stat} MeV")

# %% [markdown]
# Momenta enter first of all. The control channel `momentum_scale` gives a table of factors, which the
# processor takes as an option, `momentum_scale=…/momentum_scale.json`; its uncertainty then replaces the
# channel file's estimate.
