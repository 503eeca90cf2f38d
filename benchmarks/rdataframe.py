"""The Z′ selection and the recoil histogram in ROOT's RDataFrame; for an interpreter that has ROOT.

`peers.rdataframe` starts it with a specification in JSON. It imports nothing of darkbelle, which that
interpreter may not have. It prints as JSON the CPU seconds from its start and the number of selected
events; the histogram goes into a file, and ROOT's log to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

started = time.process_time()

import numpy as np  # noqa: E402  # the clock runs during imports
import ROOT  # noqa: E402

# RDataFrame then logs how much of the CPU time was the event loop's, to 0.1 s
VERBOSE = """
#include "ROOT/RLogger.hxx"
static ROOT::RLogScopedVerbosity verbosity(ROOT::Detail::RDF::RDFLogChannel(), ROOT::ELogLevel::kInfo);
"""

KINEMATICS = """
struct Recoil { double m2, theta_cm, theta, pt, fast, slow, largest; };

Recoil pair_recoil(double ax, double ay, double az, double bx, double by, double bz,
              double px, double py, double pz, double e, double mass) {
   using V = ROOT::Math::PxPyPzEVector;
   const V beam(px, py, pz, e);
   const V a(ax, ay, az, std::sqrt(ax*ax + ay*ay + az*az + mass*mass));
   const V b(bx, by, bz, std::sqrt(bx*bx + by*by + bz*bz + mass*mass));
   const V against = beam - a - b;
   const double cosine = std::sqrt(1 - (px*px + py*py)/(e*e));
   const double electron = (e + pz/cosine)/2;
   const ROOT::Math::Boost boost(beam.BoostToCM());
   const auto axis = boost(V(px*electron/e, py*electron/e, electron*cosine, electron)).Vect();
   const auto a_cm = boost(a).Vect(), b_cm = boost(b).Vect();
   const auto r = -(a_cm + b_cm);
   const auto cross = r.Cross(axis).R();
   const bool first = a_cm.Mag2() >= b_cm.Mag2();
   const auto &fast = first ? a_cm : b_cm, &slow = first ? b_cm : a_cm;
   return {against.M2(), std::atan2(cross, r.Dot(axis)), against.Theta(), cross/axis.R(),
           r.Cross(fast).R()/fast.R(), r.Cross(slow).R()/slow.R(),
           (beam.M2() - against.M2())/(2*beam.M())};
}
"""

MUON = (
    "std::abs({m}_dr) < {max_dr} && std::abs({m}_dz) < {max_dz} && {m}_muonID > {min_muon_id}"
    " && std::atan2(std::hypot({m}_px, {m}_py), {m}_pz) >= {muon_theta[0]}*TMath::DegToRad()"
    " && std::atan2(std::hypot({m}_px, {m}_py), {m}_pz) <= {muon_theta[1]}*TMath::DegToRad()"
)

MOMENTA = (
    "mu_p_px, mu_p_py, mu_p_pz, mu_m_px, mu_m_py, mu_m_pz, {beam_px}, {beam_py}, {beam_pz}, {beam_energy}"
)


def booked(spec: dict[str, Any]) -> tuple[Any, Any]:
    """Return the histogram and the count of a data frame that did not run yet."""
    at, names = spec["thresholds"], spec["columns"]
    frame = ROOT.RDataFrame(spec["tree"], spec["file"])
    frame = frame.Filter("{n_tracks} == 2".format(**names)).Filter("mu_p_charge * mu_m_charge < 0")
    for muon in ("mu_p", "mu_m"):
        frame = frame.Filter(MUON.format(m=muon, **at))
    for cut in (
        "{photon_energy_sum} < {max_photon_energy_sum}",
        "({trigger_ffo} == 1 && mu_p_px*mu_m_px + mu_p_py*mu_m_py < 0) || {trigger_cdcklm} == 1",
        "{n_hard_photons} == 0 || TMath::Pi() - {angle_to_back_to_back_photon}"
        " > {min_photon_to_recoil}*TMath::DegToRad()",
    ):
        frame = frame.Filter(cut.format(**names, **at))
    frame = frame.Define("recoil", f"pair_recoil({MOMENTA.format(**names)}, {spec['muon_mass']!r})")
    for cut in (
        "recoil.m2 >= {barrel_below_m2_recoil} || (recoil.theta >= {barrel_theta[0]}*TMath::DegToRad()"
        " && recoil.theta <= {barrel_theta[1]}*TMath::DegToRad())",
        "recoil.pt > {min_pt_pair}",
        "recoil.fast > {min_recoil_transverse_to_fast_muon}",
        "recoil.slow > {min_recoil_transverse_to_slow_muon}",
        "recoil.pt > {min_pt_pair_share}*recoil.largest*std::clamp(recoil.m2/{shares_in_full_from}, 0., 1.)",
        "recoil.fast > {min_fast_muon_share}*recoil.largest"
        "*std::clamp(recoil.m2/{shares_in_full_from}, 0., 1.)",
    ):
        frame = frame.Filter(cut.format(**at))
    frame = frame.Define("m2", "recoil.m2").Define("theta_cm", "recoil.theta_cm")
    (n_x, x_low, x_high), (n_y, y_low, y_high) = spec["axes"]
    model = ("recoil", "", n_x, x_low, x_high, n_y, y_low, y_high)
    return frame.Histo2D(model, "m2", "theta_cm", "__weight__"), frame.Count()


def main() -> None:
    """Run what the specification says."""
    spec = json.loads(sys.argv[1])
    for library in ("libROOTDataFrame", "libGenVector"):
        ROOT.gSystem.Load(library)
    ROOT.gInterpreter.Declare(VERBOSE + KINEMATICS)
    histogram, count = booked(spec)
    selected = int(count.GetValue())
    total = time.process_time() - started
    shape = tuple(bins + 2 for bins, _, _ in spec["axes"])
    values = np.frombuffer(histogram.GetArray(), dtype=np.float64, count=shape[0] * shape[1])
    np.save(spec["output"], values.reshape(shape[::-1]).T)
    print(json.dumps({"selected": selected, "total": total}))


if __name__ == "__main__":
    main()
