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
# # The energy of collisions at Belle II, from B mesons
#
# The mass of the $\tau$ from its pseudomass edge is as good as $\sqrt s$ is known. At the $\Upsilon(4S)$ a
# $B$ that is found whole tells: both mesons of a pair have half of its energy, and
#
# $$E^*_B = \sqrt{m_B^2 + p_B^{*2}}$$
#
# is known to a thousandth of $p^*_B\approx 0.33$ GeV, whatever the error of the measured momenta.
#
# Everything here is **simulation**. The samples are small, to run in two minutes;
# `darkbelle demo --channel beam_energy` has as many $B$ as Belle II's 190/fb.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np

import darkbelle
from darkbelle.beams import NOMINAL
from darkbelle.fitting.b_energy.inputs import b_energy_inputs
from darkbelle.fitting.b_energy.measurement import combination_of, measure, spectra_of
from darkbelle.fitting.plots.b_energy import plot_biases, plot_energies
from darkbelle.line_shape import UPSILON_4S
from darkbelle.runfolder import load_result
from darkbelle.simulation.samples import make_catalogue
from darkbelle.simulation.upsilon import pair_collisions

folder = Path(os.environ.get("DARKBELLE_NOTEBOOK_FOLDER") or mkdtemp())

# %% [markdown]
# ## What pairs know of the beams
#
# Energies of collisions spread by 5 MeV, and the resonance is 20 MeV wide: it prefers some of them. Photons
# of the beams take energy away before the annihilation. So the energy of a pair is not the mean of $\sqrt s$.

# %%
made = pair_collisions("charged_b", 50_000, np.random.default_rng(1))
pair = np.sqrt(made.radiative.s)
energy = np.linspace(10.56, 10.61, 400)
spread = np.exp(-(((energy - NOMINAL.sqrt_s) / NOMINAL.sqrt_s_spread) ** 2) / 2)
shape = UPSILON_4S.cross_section("charged_b", energy)

fig, ax = plt.subplots(figsize=(7, 4))
ax.hist(1e3 * pair, 100, range=(10560, 10610), density=True, histtype="step", label="pairs")
ax.plot(1e3 * energy, spread / spread.sum() / (1e3 * np.diff(energy)[0]), label="all collisions")
ax.plot(1e3 * energy, 0.07 * shape / shape.max(), "--", label="cross section, any scale")
ax.set(xlabel=r"$\sqrt{s}$, or mass of the pair [MeV]", ylabel="per MeV", title="Simulation")
ax.legend()
print(f"pairs lie {1e3 * (NOMINAL.sqrt_s - pair.mean()):.2f} MeV below the mean of all collisions")

# %% [markdown]
# ## Three decays
#
# $B^+\to\overline D{}^0\pi^+$, $B^0\to D^-\pi^+$ and $B^+\to J/\psi K^+$, simulated with five mean
# energies: the middle one plays the data, the others give the bias.

# %%
make_catalogue("beam_energy", "small", folder / "samples", seed=1)
run = darkbelle.run("beam_energy", folder / "samples" / "datasets.yaml", folder / "run")
measurement = measure(run.folder)
inputs = b_energy_inputs(load_result(run.folder))
counts = spectra_of(inputs, inputs.nearest, seed=1)
found = combination_of(inputs, inputs.nearest, counts)
plot_energies(found, counts, measurement)

# %%
plot_biases(found)

# %%
print(f"{measurement.value:.2f} ± {measurement.stat:.2f} ± {measurement.syst:.2f} MeV")
for name, shift in sorted(measurement.shifts.items(), key=lambda item: -item[1].size):
    print(f"{name:16s} {shift.up:+.3f} {shift.down:+.3f}  {shift.how}")

# %% [markdown]
# What is known of the resonance limits the answer, then the masses of the mesons. The momentum scale
# hardly matters here.
#
# The measurement of the $\tau$ mass takes it from there:
#
# ```
# darkbelle plan tau_mass --datasets tau.yaml --out runs/tau --option beam_energy=runs/energy/fit.json
# ```
