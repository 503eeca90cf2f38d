"""The edge of the pseudomass fitted by others: run by an interpreter that has them.

::

    python edge_peers.py roofit|zfit MASSES.npy

prints JSON: the edge and its error in GeV, and the CPU seconds of the fit and of what goes before it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

LOW, HIGH = 1.70, 1.85
START = {"edge": 1.777, "width": 0.002, "step": 0.4, "slope": 0.0, "curvature": 0.0}
LIMITS = {
    "edge": (1.75, 1.80),
    "width": (2e-4, 0.05),
    "step": (0.0, 1.0),
    "slope": (-20.0, 20.0),
    "curvature": (-200.0, 200.0),
}


def roofit(masses: np.ndarray[Any, Any]) -> dict[str, float]:
    """Fit with a RooGenericPdf, normalised by RooFit's own integrator."""
    import ROOT  # noqa: PLC0415  # only one of the two is there

    ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.FATAL)
    mass = ROOT.RooRealVar("mass", "", LOW, HIGH)
    free = [ROOT.RooRealVar(name, "", START[name], *LIMITS[name]) for name in START]
    # by default it integrates so roughly that MIGRAD does not converge
    integrator = ROOT.RooAbsReal.defaultIntegratorConfig()
    integrator.setEpsAbs(1e-11)
    integrator.setEpsRel(1e-11)
    formula = "1 - @3*atan((@0-@1)/@2) + @4*(@0-@1) + @5*(@0-@1)*(@0-@1)"
    density = ROOT.RooGenericPdf("density", formula, ROOT.RooArgList(mass, *free))
    data = ROOT.RooDataSet.from_numpy({"mass": masses}, [mass])
    started = time.process_time()
    density.fitTo(data, ROOT.RooFit.PrintLevel(-1), ROOT.RooFit.Save())
    return {"seconds": time.process_time() - started, "edge": free[0].getVal(), "error": free[0].getError()}


def zfit(masses: np.ndarray[Any, Any]) -> dict[str, float]:
    """Fit with a density of our own, normalised by zfit's own integrator."""
    import zfit as library  # noqa: PLC0415  # only one of the two is there
    from zfit import z  # noqa: PLC0415

    class Edge(library.pdf.ZPDF):  # type: ignore[misc]  # it ships no types
        _PARAMS = ("edge", "width", "step", "slope", "curvature")

        def _unnormalized_pdf(self, x: Any) -> Any:
            from_edge = z.unstack_x(x) - self.params["edge"]
            step = self.params["step"] * z.numpy.arctan(from_edge / self.params["width"])
            return 1 - step + self.params["slope"] * from_edge + self.params["curvature"] * from_edge**2

    space = library.Space("mass", LOW, HIGH)
    free = {name: library.Parameter(name, START[name], *LIMITS[name]) for name in START}
    likelihood = library.loss.UnbinnedNLL(Edge(obs=space, **free), library.Data(masses, obs=space))
    started = time.process_time()
    result = library.minimize.Minuit().minimize(likelihood)
    result.hesse()
    seconds = time.process_time() - started
    edge = result.params[free["edge"]]
    return {"seconds": seconds, "edge": edge["value"], "error": edge["hesse"]["error"]}


if __name__ == "__main__":
    began = time.process_time()
    answer = {"roofit": roofit, "zfit": zfit}[sys.argv[1]](np.load(sys.argv[2]))
    answer["start_up"] = time.process_time() - began - answer["seconds"]
    print(json.dumps({name: float(value) for name, value in answer.items()}))
