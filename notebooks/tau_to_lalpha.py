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
from darkbelle.fitting.templates import all_fit_inputs, mass_templates
from darkbelle.runfolder import load_result
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
# A light lepton in a frame that moves a little with respect to the true one gets a factor that depends on
# angles and not on its energy. So the line is smeared in proportion to $x$: its width is about a fifth of
# $x$ at every mass, 0.2 at 0 GeV and 0.04 at 1.6 GeV. And what the massless α shows, whose true $x$ is 1,
# is the response for all other energies. Folded with it, the spectrum of $\tau\to\ell\nu\bar\nu$ in the
# true frame, $2x^2(3-2x)$ (L. Michel 1950, for a lepton without mass and any polarisation averaged),
# becomes what is simulated. Its end point at $x=1$, where it is highest, and where the massless α stands,
# is washed out: the maximum moves to 0.6 to 0.9, and a tail reaches beyond 1.5. Selection and the photons
# that the lepton radiates are left out.

# %%
line = run.histogram("tau_to_ealpha_0", "x_lepton", region="sr_e")[::4j]
response, centres, edges = line.values() / line.values().sum(), line.axes[0].centers, line.axes[0].edges
true_x = (np.arange(200) + 0.5) / 200
michel = 2 * true_x**2 * (3 - 2 * true_x) / 200
places = np.outer(true_x, centres).ravel()  # a true x times the factor of a bin of the response
folded = np.histogram(places, edges, weights=np.outer(michel, response).ravel())[0]
fig, ax = plt.subplots(figsize=(7, 4))
ax.stairs(
    histogram.values() / histogram.values().sum(), edges, color="black", label="simulated, after all cuts"
)
ax.stairs(folded, edges, color="C1", label="Michel spectrum, folded")
ax.plot(true_x, michel * 200 * np.diff(edges)[0], "C1:", label="Michel spectrum")
ax.set(xlim=(0, 1.8), xlabel="$x_e$", ylabel="share of events", title="Simulation")
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
# ## Why the limit has its shape against mass
#
# Take statistics of the data only, $s_i$ signal events for a ratio of 1 on $b_i$ of background in the
# bins. If all were known but the ratio, its error were $1/\sqrt{\sum s_i^2/b_i}$. But the number of τ
# pairs floats, and what of the signal looks like background goes into it: the error becomes $1/\sqrt{\sum
# s_i^2/b_i-(\sum s_i)^2/\sum b_i}$. The share of the information that is left, "distinct", says how
# unlike the shapes are. Times 1.64 these are rough limits at 95 %.

# %%
for inputs in all_fit_inputs(load_result(folder / "run"), "asimov"):
    print("           x    width/x  efficiency  all known  floating  distinct")
    for mass in inputs.signals:
        found = mass_templates(inputs, mass)
        b, s = sum(item.values for item in found.backgrounds.values()), found.signal.values
        known = np.sum(s**2 / b)
        floating = known - s.sum() ** 2 / b.sum()
        x = 1 - (mass / TAU_MASS) ** 2
        print(
            f"{inputs.final_state:2s} {mass:4.2f}  {x:5.3f} {found.resolution / x:8.2f} "
            f"{found.signal_efficiency:11.3f} {1.64 / np.sqrt(known):10.5f} {1.64 / np.sqrt(floating):9.5f} "
            f"{floating / known:9.2f}"
        )

# %% [markdown]
# * By the number of events alone all masses up to 1.2 GeV are about as good, within a factor of one and a
#   half: what the line loses by standing on more background it gains by being narrower.
# * The shape makes the difference. At 0 GeV the line stands on the falling edge that remains of the end
#   point: more than half of the information is its own. From 0.8 to 1.0 GeV it stands on the maximum,
#   where a line a fifth of $x$ wide is least unlike the spectrum: a fifth to a third is left, and the
#   limit is weakest. There, too, shifts of the spectrum's shape and the statistics of the simulation cost
#   most.
# * From 1.3 GeV on the line leaves the spectrum on the low side, where there is little background since
#   the spectrum goes with $x^2$, and becomes narrower: at 1.6 GeV nearly all is its own, and the limit is
#   strongest.
# * Against that stands the efficiency, which falls there for both leptons, for muons by more than half:
#   those with less than 0.6 GeV across the field do not reach the muon system.
#
# With samples as small as these the statistics of the simulation raises all limits above by a factor of
# about ten; with those of size demo by up to two (`docs/tau_to_lalpha.md`).
#
# ## Beside what is published
#
# Observed limits of Belle II with the same luminosity (arXiv:2212.03634) and of ARGUS (Z. Phys. C 68
# (1995) 25), at the masses that the Particle Data Group lists. Both have the shape that was just
# explained: weakest at 1 GeV, strongest at 1.6 GeV. Nothing here is tuned to them. Ours differ for
# reasons that one can name: the detector is parametrised, the selection is estimated, shape uncertainties
# are guesses, and in this notebook, by far the most of all, the samples are small.

# %%
for state in ("e", "mu"):
    ours = ", ".join(f"{point.expected[2]:.2g} at {point.mass:g} GeV" for point in limits.of(state).points)
    print(f"{state:2s}: here, expected:  ", ours)
    print("    Belle II, observed:", ", ".join(f"{limit} at {mass} GeV" for mass, limit in BELLE_II[state]))
    print("    ARGUS, observed:   ", ", ".join(f"{limit} at {mass} GeV" for mass, limit in ARGUS[state]))

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
# the lepton prefers one side of the spin of its τ. That spin has no preferred direction here (the beams
# are not polarised), and follows that of the other τ: what is left of it depends on how well the three
# pions know theirs, which is little without looking at their angles. So neither efficiency nor the mean
# of $x$ should change by more than a per cent; with 40 000 events each and no mass the means of $x$ are
# 1.065, 1.068 and 1.060, all ± 0.003, and the efficiencies agree within their errors.

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
    width = np.sqrt(np.average((centres - mean) ** 2, weights=values) / values.sum())
    print(
        f"{chirality:9s} efficiency {share:.4f} ± {np.sqrt(values.sum()) / 1e4:.4f}, "
        f"mean of x {mean:.3f} ± {width:.3f}"
    )
