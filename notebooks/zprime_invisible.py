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
# # An invisible Z′ at Belle II, from collisions to a limit
#
# A Z′ of the $L_\mu - L_\tau$ model couples to muons, taus and their neutrinos. In
# $e^+e^-\to\mu^+\mu^- Z'$ it is radiated off a muon; if it decays to neutrinos or dark matter, two
# muons are all that is seen, and the Z′ is a peak in the mass of what they recoil against.
#
# Everything here is **simulation**: exact tree-level amplitudes, Pythia and TAUOLA through a
# parametrised detector. The "data" are pseudo-data. The samples are small, to run in a minute;
# `make demo` does the same with the statistics of 79.7/fb.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt

import darkbelle
from darkbelle import fitting
from darkbelle.channels import load_channel
from darkbelle.simulation.samples import make_catalogue

folder = Path(os.environ.get("DARKBELLE_NOTEBOOK_FOLDER") or mkdtemp())
channel = load_channel("zprime_invisible")

# %% [markdown]
# ## Collisions
#
# A catalogue says which samples the channel needs. Each comes as basf2-shaped ntuples, and the
# dataset file keeps what normalises them: cross section, branching fraction, generated events.

# %%
datasets = make_catalogue("zprime_invisible", "small", folder / "samples", seed=1)
for name, dataset in datasets.items():
    print(f"{name:16s} σ = {dataset.cross_section_fb:10.4g} fb, {dataset.generated_events:7d} generated")

# %% [markdown]
# ## From candidates to histograms
#
# One processor reads the ntuples chunk by chunk. Called again it reuses what is there, so a broken-off
# run goes on where it stopped.

# %%
run = darkbelle.run("zprime_invisible", folder / "samples" / "datasets.yaml", folder / "run")
run

# %% [markdown]
# How many events pass, for a Z′ of 3 GeV and for the τ pairs that look like it:

# %%
signal, taus = run.cutflow("zprime_3"), run.cutflow("tautau_mu_mu")
print(f"{'cut':34s} {'Z′, 3 GeV':>10s} {'ττ → μμ':>10s}")
for cut, kept, background in zip(("rows", *signal.cuts), signal.events, taus.events, strict=True):
    print(f"{cut:34s} {kept:10d} {background:10d}")

# %% [markdown]
# ## The recoil mass
#
# $M^2_\mathrm{recoil} = (P_\mathrm{beams} - p_{\mu\mu})^2$ stays negative where resolution makes it so.
# The same histogram serves all masses: it is finely binned, and each hypothesis looks at a window.

# %%
fig, ax = plt.subplots(figsize=(7, 4))
for mass in (2, 5, 8):
    histogram = run.histogram(f"zprime_{mass}", "recoil").project("m2_recoil")
    values, edges = histogram[::4j].values(), histogram[::4j].axes[0].edges
    ax.stairs(values / values.sum(), edges, label=f"{mass} GeV")
ax.set(
    xlim=(-5, 80), xlabel="$M^2_\\mathrm{recoil}$ [GeV²]", ylabel="share of events", title="Z′, simulation"
)
ax.legend()

# %% [markdown]
# ## The limit
#
# For each mass cabinetry builds a workspace from the templates in $(M^2_\mathrm{recoil},
# \theta^*_\mathrm{recoil})$, and CLs at 90 % gives the upper limit on the cross section, expected and on
# pseudo-data. With samples as small as these the limit is that of the simulation's statistics, and between 2
# and 7 GeV, where the selection is pure, there may be no background event left to say anything about.

# %%
limits = fitting.compute_limits(folder / "run", masses=(0.5, 1.0, 8.0, 8.5))
for point in limits.points:
    low, median, high = point.expected[1:4]
    print(
        f"{point.mass:4.1f} GeV: {point.observed:6.1f} fb, expected {median:6.1f} ({low:.1f} to {high:.1f})"
    )

# %% [markdown]
# The cross section goes as $g'^2$, and the part that is not seen depends on the model: all of it if there is
# light dark matter, else the neutrinos only.

# %%
fig, ax = plt.subplots(figsize=(7, 4))
for model in fitting.MODELS:
    points = fitting.interpret(folder / "run", model).points
    ax.plot([p.mass for p in points], [p.expected[2] for p in points], "o-", label=model.replace("_", " "))
ax.set(yscale="log", xlabel="$M_{Z'}$ [GeV]", ylabel="expected upper limit on $g'$", title="Simulation")
ax.legend()
