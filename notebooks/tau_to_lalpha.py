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
# # An invisible boson in τ decays, from collisions to limits
#
# A light boson α whose couplings change lepton flavour makes $\tau\to\ell\alpha$ with $\ell = e$ or
# $\mu$. If α is not seen, what is left is one lepton of one energy in the rest frame of the τ, on top of
# the wide spectrum of $\tau\to\ell\nu\bar\nu$. The other τ of the event, which decays into three pions,
# tells where that frame is, roughly.
#
# Everything here is **simulation**: Pythia and TAUOLA with correlated spins, through a parametrised
# detector. The "data" are pseudo-data. The samples are small, to run in a minute or two; `darkbelle demo
# --channel tau_to_lalpha` makes 40 % of 62.8/fb.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np

import darkbelle
from darkbelle import fitting
from darkbelle.channels import load_channel
from darkbelle.constants import TAU_MASS
from darkbelle.fitting.lfv import flavour_couplings
from darkbelle.fitting.published_ratios import ARGUS, BELLE_II
from darkbelle.simulation.samples import make_catalogue, simulate_sample

folder = Path(os.environ.get("DARKBELLE_NOTEBOOK_FOLDER") or mkdtemp())
channel = load_channel("tau_to_lalpha")

# %% [markdown]
# ## Collisions, and from candidates to histograms

# %%
datasets = make_catalogue("tau_to_lalpha", "small", folder / "samples", seed=1)
run = darkbelle.run("tau_to_lalpha", folder / "samples" / "datasets.yaml", folder / "run")
run

# %% [markdown]
# What the cuts leave of electrons with and without an α of 1 GeV:

# %%
signal, taus = run.cutflow("tau_to_ealpha_1", region="sr_e"), run.cutflow("tautau_3prong_e", region="sr_e")
print(f"{'cut':26s} {'τ → eα':>8s} {'τ → eνν̄':>8s}")
for cut, kept, background in zip(("rows", *signal.cuts), signal.events, taus.events, strict=True):
    print(f"{cut:26s} {kept:8d} {background:8d}")

# %% [markdown]
# ## The energy of the lepton
#
# In the CM the τ gets the energy $\sqrt s/2$ and the direction opposite to the three pions; in the frame
# where such a τ rests, $x_\ell = E^*_\ell/(m_\tau/2)$. In the true frame a decay into two bodies is a
# line at $x = (m_\tau^2+m_\ell^2-M_\alpha^2)/m_\tau^2$, dotted below. The neutrino of the tag hides its
# direction: what is found is as wide as that.

# %%
fig, ax = plt.subplots(figsize=(7, 4))
for colour, mass in zip(("C0", "C1", "C2", "C3"), (0, 1, 1.4, 1.6), strict=True):
    histogram = run.histogram(f"tau_to_ealpha_{mass:g}", "x_lepton", region="sr_e")[::4j]
    values, edges = histogram.values(), histogram.axes[0].edges
    ax.stairs(values / values.sum(), edges, color=colour, label=f"α of {mass:g} GeV")
    ax.axvline(1 - (mass / TAU_MASS) ** 2, color=colour, linestyle=":")
histogram = run.histogram("tautau_3prong_e", "x_lepton", region="sr_e")[::4j]
ax.stairs(histogram.values() / histogram.values().sum(), edges, color="black", label=r"$\tau\to e\nu\bar\nu$")
ax.set(xlim=(0, 1.6), xlabel="$x_e$", ylabel="share of events", title="Simulation")
ax.legend()

# %% [markdown]
# ## Limits
#
# A fit of the whole spectrum for each mass and lepton. The parameter is the ratio of the branching
# fraction to that of $\tau\to\ell\nu\bar\nu$; the number of τ pairs floats, so that luminosity, cross
# section and tag cancel. With samples as small as these it is the statistics of the simulation that
# limits.

# %%
limits = fitting.compute_limits(folder / "run", masses=(0.0, 0.5, 0.9, 1.2, 1.6))
print("            observed  expected     width  background  efficiency")
for point in limits.points:
    found = point.diagnostics
    print(
        f"{point.place!s:10s} {point.observed:9.4f} {point.expected[2]:9.4f} {found['resolution']:9.3f} "
        f"{found['background_near_peak']:11.0f} {found['signal_efficiency']:11.3f}"
    )

# %% [markdown]
# Why the limit has its shape against mass. The line falls from $x=1$ for no mass to $x=0.19$ for 1.6
# GeV.
#
# * At 0 GeV it stands where the standard model's spectrum falls, and the fit sees more on the right than
#   neutrinos give.
# * From 0.6 to 0.9 GeV it stands on the maximum of that spectrum, and is nearly as wide as it: little
#   tells one from the other but the tails, so this is where the limit is weakest, and where shifts of
#   the spectrum's shape cost most.
# * Above, $x$ falls and with it both the width, since what smears is the momentum of the lepton times
#   the error of the direction, and the background, which vanishes towards $x=0$: the limit is strongest
#   at 1.6 GeV.
# * There muons are too slow to reach the muon system, and electrons lose less of their efficiency.
#
# As an estimate, $\sqrt B$ in two widths to either side over the signal, relative to 0 GeV:

# %%
for state in ("e", "mu"):
    points = limits.of(state).points
    naive = [
        np.sqrt(p.diagnostics["background_near_peak"]) / p.diagnostics["signal_efficiency"] for p in points
    ]
    for point, value in zip(points, naive, strict=True):
        relative = point.expected[2] / points[0].expected[2]
        print(f"{point.place!s:10s} √B/S {value / naive[0]:5.2f}   limit {relative:5.2f}")

# %% [markdown]
# By the number of events alone, 0.9 GeV would be about as good as 0 GeV. That it is twice as weak is the
# likeness of the shapes: a little more signal and a little less of τ → ℓνν̄ look nearly the same.
#
# ## Beside what is published
#
# Belle II found limits on the ratio in the ranges below with the same luminosity (arXiv:2212.03634),
# ARGUS those at single masses (Z. Phys. C 68 (1995) 25; remembered, not read). Nothing here is tuned to
# them. Ours differ for reasons that one can name: the detector is parametrised, the selection is
# estimated, shape uncertainties are guesses, and the statistics of small samples widens the limits, by
# far the most of all in this notebook.

# %%
for state in ("e", "mu"):
    ours = [point.expected[2] for point in limits.of(state).points]
    low, high = BELLE_II[state]
    print(f"{state:2s}: here {min(ours):.1e} to {max(ours):.1e}, Belle II {low:.1e} to {high:.1e}")
    print("    ARGUS", ", ".join(f"{limit} at {mass} GeV" for mass, limit in ARGUS[state]))

# %% [markdown]
# ## What it means for couplings
#
# $B(\tau\to\ell\alpha)$ gives a lower limit on $F = 2f/\sqrt{|C_V|^2+|C_A|^2}$ of a coupling
# $\partial_\mu\alpha\,\bar\tau\gamma^\mu(C_V+C_A\gamma_5)\ell/2f$ (arXiv:2006.04795).

# %%
for point in flavour_couplings(folder / "run"):
    print(
        f"{point.final_state:2s} {point.mass:3.1f} GeV: B < {point.expected[2]:.2g}, "
        f"F > {point.expected_scale[2]:.2g} GeV, expected"
    )

# %% [markdown]
# A vector or an axial-vector alone is isotropic in the frame of the τ, as simulated. With $V-A$ or $V+A$
# the lepton knows of the spin of its τ, and that of the other one; the average over both charges and
# spins changes the acceptance and the spectrum a little:

# %%
for chirality in ("isotropic", "V-A", "V+A"):
    options = {"lepton": "e", "mass": 1.0, "chirality": chirality}
    name = "chirality_" + chirality.replace("-", "m").replace("+", "p")
    simulate_sample("tau_to_lalpha", 10_000, 5, folder / name, options, steering="tau_3x1")
    (sample,) = (folder / name).glob("*.yaml")
    other = darkbelle.run("tau_to_lalpha", sample, folder / f"{name}_run")
    histogram = other.histogram(sample.stem, "x_lepton", region="sr_e")
    values, centres = histogram.values(), histogram.axes[0].centers
    share, mean = values.sum() / 10_000, np.average(centres, weights=values)
    print(f"{chirality:9s} efficiency {share:.4f} ± {np.sqrt(values.sum()) / 1e4:.4f}, mean of x {mean:.3f}")
