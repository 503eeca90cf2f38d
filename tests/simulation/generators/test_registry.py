from __future__ import annotations

import subprocess
import sys

import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.simulation.generators import generator


def test_unknown_process_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"eemumu, .*zprime"):
        generator("zz")


def test_unknown_option_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="colour"):
        generator("zprime", mass=1.0, colour="blue")


def test_registry_imports_no_generator() -> None:
    code = "import sys, darkbelle.simulation.generators; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pythia8mc", "alouette", "scipy"} & set(answer.stdout.split())
