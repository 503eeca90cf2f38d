"""What holds for every steering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.ntuple.names import escape
from darkbelle.simulation.steering import default_cuts, steering, steering_names

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand

BUSY = [
    (code, tuple(momentum), None)
    for code, momentum in zip(
        [-13, 13, 321, -211, 211, -321, 11, -11, 22, 22],
        np.random.default_rng(8).normal(0, 1.0, (10, 3)),
        strict=True,
    )
]


@pytest.mark.parametrize("name", steering_names())
def test_no_events_give_no_rows_with_all_columns(by_hand: ByHand, name: str) -> None:
    rows = steering(name)(by_hand([], []))
    assert all(len(column) == 0 for column in rows.values())
    assert {"__event__", "nTracks", "L1FTDL(ffo)", "beamE"} <= set(rows)
    assert len({escape(column) for column in rows}) == len(rows)


@pytest.mark.parametrize("name", steering_names())
def test_rows_stand_in_the_order_of_events_whatever_the_block(by_hand: ByHand, name: str) -> None:
    together = steering(name)(by_hand(BUSY, BUSY[:4], BUSY), first_event=5, cuts=default_cuts(name))
    apart = [
        steering(name)(by_hand(event), first_event=5 + i) for i, event in enumerate([BUSY, BUSY[:4], BUSY])
    ]
    for column, values in together.items():
        joined = np.concatenate([rows[column] for rows in apart])
        np.testing.assert_allclose(values, joined, rtol=1e-12, atol=1e-12, err_msg=column)
        assert values.dtype == joined.dtype


def test_unknown_steerings_name_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"dimuon, .*tau_3x1"):
        steering("nothing")
