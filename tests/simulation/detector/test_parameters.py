from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.simulation.detector import NOMINAL_DETECTOR, detector_with, table

PAGE = Path(__file__).parents[3] / "docs" / "detector.md"
PREAMBLE = """# Numbers of the detector model

Every number of `darkbelle.simulation.detector`, as `table()` lists them. *Estimated* marks what was chosen as
plausible without a publication behind it. The other sources are named on top of `parameters.py` there.
Nothing was tuned to a limit. `pytest tests/simulation/detector/test_parameters.py --regen` writes this page.

| number | value | unit | source |
|---|---|---|---|
"""

SOURCES = ("standard", "Belle NIM", "Belle KLM", "basf2", "PDG", "Z′", "displaced", "estimated", "off")


def test_every_number_has_a_unit_and_a_source() -> None:
    for line in table():
        assert line.unit, line
        assert line.source.startswith(SOURCES), line


def test_the_table_shows_the_detector_at_hand() -> None:
    other = replace(NOMINAL_DETECTOR, silicon=replace(NOMINAL_DETECTOR.silicon, wall_thickness=0.5))
    values = {line.name: line.value for line in table(other)}
    assert values["silicon.wall_thickness"] == 0.5
    assert values["drift_chamber.magnetic_field"] == 1.5


def test_the_page_of_the_documentation_lists_all_of_them(pytestconfig: pytest.Config) -> None:
    lines = (f"| `{name}` | {shown(value)} | {unit} | {source} |" for name, value, unit, source in table())
    page = PREAMBLE + "\n".join(lines) + "\n"
    if pytestconfig.getoption("--regen", default=False):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


def shown(value: float | tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in (value if isinstance(value, tuple) else (value,)))


def test_numbers_can_be_changed_by_name_and_the_others_stay() -> None:
    found = detector_with(
        {"momentum_scale": {"strength": 2, "constant": "1e-3"}, "calorimeter": {"barrel": [33, 128]}}
    )
    assert found.momentum_scale.strength == 2.0
    assert found.momentum_scale.constant == 1e-3
    assert found.momentum_scale.cosine == NOMINAL_DETECTOR.momentum_scale.cosine
    assert found.calorimeter.barrel == (33.0, 128.0)
    assert found.tracking == NOMINAL_DETECTOR.tracking
    assert detector_with({}) == NOMINAL_DETECTOR


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"scale": {"strength": 1}}, r"the detector has no 'scale', it has drift_chamber"),
        ({"momentum_scale": {"size": 1}}, r"momentum_scale has no 'size', it has strength"),
        ({"momentum_scale": {"strength": "strong"}}, r"strength is like 0\.0, got 'strong'"),
        ({"momentum_scale": 1}, r"'momentum_scale' is a part with several numbers, got 1"),
    ],
)
def test_numbers_that_are_not_there_or_not_numbers_are_refused(
    overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        detector_with(overrides)
