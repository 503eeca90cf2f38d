"""Limits by RooStats, in a Python that has ROOT and nothing of darkbelle: ``python FILE TASKS RESULTS``.

TASKS is JSON: a confidence level, and for each workspace the path of its HS3 file and the values of the
parameter of interest to test. RESULTS gets, for each, a list of [value, observed CLs, five expected CLs],
or a reason. ROOT's import of HS3 gives a model with one set of data a channel; they are put together here.
"""

import json
import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")  # that this ROOT is an alpha release

with suppress(ModuleNotFoundError):  # imported without ROOT by what looks at all modules
    import ROOT

BANDS = (-2, -1, 0, 1, 2)
DATA_PREFIX = "observed_"


def combined_data(workspace: Any, pdf: Any) -> Any:
    """Return the data of all channels as one set."""
    parts = {data.GetName(): data for data in workspace.allData()}
    if len(parts) == 1:
        return next(iter(parts.values()))
    index = pdf.indexCat()
    weight = ROOT.RooRealVar("weight", "weight", 1)
    row = ROOT.RooArgSet(index)
    for data in parts.values():
        for variable in data.get():
            row.add(workspace.var(variable.GetName()))
    columns = ROOT.RooArgSet(row)
    columns.add(weight)
    combined = ROOT.RooDataSet("combined", "combined", columns, ROOT.RooFit.WeightVar("weight"))
    for name, data in parts.items():
        index.setLabel(name.removeprefix(DATA_PREFIX))
        for number in range(data.numEntries()):
            (value,) = data.get(number)
            workspace.var(value.GetName()).setVal(value.getVal())
            combined.add(row, data.weight())
    return combined


def configured(workspace: Any, name: str, data: Any, value: float) -> Any:
    """Return the model with a snapshot of the parameter of interest, as the calculator wants it."""
    plain = workspace.obj("analysis")
    poi = plain.GetParametersOfInterest().first()
    measured, nuisances = ROOT.RooArgSet(), ROOT.RooArgSet()
    for variable in workspace.allVars():
        if variable.GetName().startswith("nom_"):
            measured.add(variable)
    for variable in plain.GetPdf().getParameters(data):
        free = not variable.isConstant() and variable.GetName() != poi.GetName()
        if free and variable.InheritsFrom("RooRealVar") and not measured.contains(variable):
            nuisances.add(variable)
    config = ROOT.RooStats.ModelConfig(name, workspace)
    config.SetPdf(plain.GetPdf())
    config.SetObservables(data.get())
    config.SetParametersOfInterest(ROOT.RooArgSet(poi))
    config.SetNuisanceParameters(nuisances)
    config.SetGlobalObservables(measured)
    poi.setVal(value)
    config.SetSnapshot(ROOT.RooArgSet(poi))
    return config


def confidence(path: str, values: list[float], level: float) -> list[list[float]]:
    """Return the value and CLs, observed and expected, for each value of the parameter of interest."""
    workspace = ROOT.RooWorkspace("workspace")
    if not ROOT.RooJSONFactoryWSTool(workspace).importJSON(path):
        raise ValueError("ROOT cannot read the HS3 file")
    plain = workspace.obj("analysis")
    data = combined_data(workspace, plain.GetPdf())
    with_signal = configured(workspace, "with_signal", data, max(values))
    without = configured(workspace, "without", data, 0.0)
    calculator = ROOT.RooStats.AsymptoticCalculator(data, without, with_signal)
    calculator.SetOneSided(True)
    inverter = ROOT.RooStats.HypoTestInverter(calculator)
    inverter.SetConfidenceLevel(level)
    inverter.UseCLs(True)
    for value in values:
        inverter.RunOnePoint(value)
    result = inverter.GetInterval()
    rows = []
    for number in range(result.ArraySize()):
        test = result.GetResult(number)
        null, alternate = test.NullPValue(), test.AlternatePValue()
        expected = [
            ROOT.RooStats.AsymptoticCalculator.GetExpectedPValues(null, alternate, band, True, True)
            for band in BANDS
        ]
        rows.append([result.GetXValue(number), result.CLs(number), *expected])
    return sorted(rows)


def main(tasks: Path, results: Path) -> None:
    """Do all tasks."""
    ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.FATAL)
    ROOT.RooStats.AsymptoticCalculator.SetPrintLevel(-1)
    wanted = json.loads(tasks.read_text())
    answers: list[dict[str, Any]] = []
    for item in wanted["workspaces"]:
        try:
            rows = confidence(item["hs3"], item["values"], wanted["confidence_level"])
            answers.append({"rows": rows})
        except (ValueError, RuntimeError, TypeError, ReferenceError) as error:
            answers.append({"failed": str(error).splitlines()[-1]})
    results.write_text(json.dumps({"root": str(ROOT.gROOT.GetVersion()), "answers": answers}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # ROOT may crash when Python takes its objects apart
