from __future__ import annotations

from typing import Any

import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.jobs.options import parse_options


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("-2E+3", -2000.0),
        (".5e1", 5.0),
        ("1.5", 1.5),
        ("2", 2),
        ("true", True),
        ("1e", "1e"),
        ("e3", "e3"),
        ("'1e-3'", "1e-3"),
        ("[1e-3, b]", [0.001, "b"]),
    ],
)
def test_values_are_what_one_reads(text: str, value: Any) -> None:
    (found,) = parse_options([f"x={text}"]).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("wrong", ["x", "=2", "group.=2"])
def test_what_names_no_option_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="NAME=VALUE"):
        parse_options([wrong])


def test_a_name_is_a_value_or_a_group() -> None:
    with pytest.raises(ConfigurationError, match="it cannot be both"):
        parse_options(["a=1", "a.b=2"])
