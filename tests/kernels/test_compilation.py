"""Compiled kernels are kept, and forgotten when a kernel that they call has changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import darkbelle

SCRIPT = "from darkbelle.kernels.caller import _twice; import numpy as np; print(_twice(np.ones(1))[0])"
CALLEE = "from darkbelle.kernels.compilation import kernel\n@kernel\ndef factor():\n    return {}\n"
CALLER = (
    "from darkbelle.kernels.compilation import kernel\nfrom darkbelle.kernels.callee import factor\n"
    "@kernel\ndef _twice(x):\n    return x * factor()\n"
)


def test_a_changed_kernel_is_seen_by_those_that_call_it(tmp_path: Path) -> None:
    source = Path(darkbelle.__file__).parent
    shutil.copytree(source, tmp_path / "darkbelle", ignore=shutil.ignore_patterns("__pycache__"))
    kernels = tmp_path / "darkbelle" / "kernels"
    (kernels / "caller.py").write_text(CALLER)
    answers = []
    for value in (2.0, 3.0):
        (kernels / "callee.py").write_text(CALLEE.format(value))
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        answers.append(float(run.stdout))
    assert answers == [2.0, 3.0]
