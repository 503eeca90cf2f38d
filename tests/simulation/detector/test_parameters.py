from __future__ import annotations

from dataclasses import replace

from darkbelle.simulation.detector import NOMINAL_DETECTOR, table

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
