from __future__ import annotations

import pytest

from darkbelle.simulation.decay_table import MOTHERS, decay_table


@pytest.mark.parametrize("mother", MOTHERS)
def test_fractions_add_up_to_one(mother: int) -> None:
    table = decay_table(mother)
    fractions = [channel.fraction for channel in table.channels]
    assert sum(fractions) + table.left_out == pytest.approx(1.0, abs=1e-6)
    assert table.left_out < 1e-3
    assert min(fractions) > 0.0


@pytest.mark.parametrize(
    ("mother", "products", "fraction", "uncertainty"),
    [
        # PDG 2024
        (521, (-421, 211), 4.61e-3, 0.10e-3),
        (521, (443, 321), 1.020e-3, 0.019e-3),
        (511, (-411, 211), 2.51e-3, 0.08e-3),
        (413, (421, 211), 0.677, 0.005),
        (421, (-321, 211), 0.03945, 0.00030),
        (431, (-15, 16), 0.0536, 0.0010),
    ],
)
def test_known_channels(mother: int, products: tuple[int, ...], fraction: float, uncertainty: float) -> None:
    channels = decay_table(mother).channels
    found = sum(channel.fraction for channel in channels if sorted(channel.products) == sorted(products))
    assert found == pytest.approx(fraction, abs=3.0 * uncertainty)


def test_weak_decays_have_the_products_in_the_order_of_v_minus_a() -> None:
    # b → c l ν: the antineutrino with the b quark, the lepton with the c quark; c → s l ν the other way
    beauty = [channel.products for channel in decay_table(521).channels if channel.matrix_element == 22]
    charm = [channel.products for channel in decay_table(421).channels if channel.matrix_element == 22]
    assert (12, -11, -423) in beauty
    assert (14, -13, -421) in beauty
    assert (-11, 12, -321) in charm
    assert all(abs(products[0]) in (12, 14, 16) for products in beauty)
    assert all(abs(products[0]) in (11, 13) for products in charm)


def test_partonic_modes_of_evtgen_avoid_the_channels_that_are_listed() -> None:
    elements = {channel.matrix_element for channel in decay_table(521).channels}
    assert {53, 73, 55, 23} <= elements
    assert not {43, 63, 91} & elements


def test_inclusive_light_quarks_become_quarks_and_the_spectator() -> None:
    products = {channel.products: channel.matrix_element for channel in decay_table(521).channels}
    assert products[(12, -11, -2, 2)] == 22
    assert products[(-3, 2, 22)] == 31
