"""What all tests share: where the real basf2 files are, if anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regen", action="store_true", help="write the golden files anew; say why in the changelog"
    )
    parser.addoption("--schedules", type=int, default=40, help="how many random schedules of faults")
    parser.addoption("--first-schedule", type=int, default=0, help="seed of the first of them")


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of real basf2 files and theory tables beside the project."""
    if not REFERENCE.is_dir():
        pytest.skip("the folder shared/reference with real basf2 files is not beside the project")
    return REFERENCE
