"""The same bytes on processors with AVX-512, with AVX2, and with neither."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import darkbelle.simulation
from darkbelle.kernels import libm
from darkbelle.simulation.generators import generator_names

SCRIPT = """
import hashlib, pathlib, sys, tempfile
from darkbelle.simulation.samples import SampleRequest, make_samples
for line in sys.argv[1:]:
    process, steering, options = line.split("|")
    with tempfile.TemporaryDirectory() as folder:
        make_samples([SampleRequest(process, 40, 7, eval(options), steering=steering)], folder)
        (path,) = pathlib.Path(folder).rglob("*.root")
        print(process, hashlib.sha256(path.read_bytes()).hexdigest())
"""
OPTIONS = {
    "b_to_k_s": {"kaon": "K*0", "final_state": "ee", "mass": 1.0, "ctau_cm": 2.0},
    "tau_to_lalpha": {"lepton": "e", "mass": 1.0},
    "tautau": {"modes": ["3prong", "1prong"]},
    "mumu": {"min_photon_pt": 0.4},
    **{name: {"mass": 4.0} for name in ("zprime", "zprime_tautau", "scalar_tautau", "alp_tautau")},
}
STEERINGS = {"b_to_k_s": "b_to_k_llp", "tautau": "tau_3x1", "tau_to_lalpha": "tau_3x1"}
STEERINGS |= dict.fromkeys(("uubar", "ddbar", "ssbar", "ccbar", "charged_b", "neutral_b"), "k_short")


def simd_extensions() -> list[str]:
    """Return what numpy found of this processor beyond what it is built for."""
    configuration = np.show_config(mode="dicts")
    assert isinstance(configuration, dict)
    found: list[str] = configuration["SIMD Extensions"].get("found", [])
    return found


def made(processes: list[str], environment: dict[str, str]) -> list[str]:
    lines = [f"{name}|{STEERINGS.get(name, 'lepton_pairs')}|{OPTIONS.get(name, {})}" for name in processes]
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, *lines],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.splitlines()


@pytest.mark.skipif(not simd_extensions(), reason="this processor has nothing that could be switched off")
@pytest.mark.parametrize(
    "processes",
    [
        ["tau_to_lalpha"],
        pytest.param(sorted(generator_names()), marks=pytest.mark.slow),
    ],
    ids=["one", "all"],
)
def test_samples_do_not_depend_on_the_extensions_of_the_processor(processes: list[str]) -> None:
    plain = {"NPY_DISABLE_CPU_FEATURES": " ".join(simd_extensions()), "OPENBLAS_CORETYPE": "Nehalem"}
    with_extensions = made(processes, {})
    assert len(with_extensions) == len(processes)
    assert made(processes, plain) == with_extensions


def calls_of_numpy(source: str) -> set[str]:
    """Return the functions of numpy that are called outside of compiled loops."""
    tree = ast.parse(source)
    loops = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(item, ast.Name) and item.id == "kernel" for item in node.decorator_list)
    ]
    compiled = {id(node) for loop in loops for node in ast.walk(loop)}
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "np"
        and id(node) not in compiled
    }


def test_what_makes_events_calls_no_function_of_numpy_that_depends_on_the_processor() -> None:
    depends = {
        *libm.__all__,
        "log10",
        "log2",
        "log1p",
        "exp2",
        "sinh",
        "cosh",
        "arccosh",
        "arctan",
        "convolve",
    }
    depends |= {"geomspace", "logspace", "dot", "matmul", "tensordot"}
    found = {
        path.name: calls & depends
        for path in Path(darkbelle.simulation.__path__[0]).rglob("*.py")
        if (calls := calls_of_numpy(path.read_text(encoding="utf-8"))) & depends
    }
    assert found == {"zprime.py": {"geomspace"}}  # masses, rounded to 0.1 MeV
