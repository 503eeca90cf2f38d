r"""Constants of nature, each with its source.

Masses in GeV, lifetimes as :math:`c\tau` in cm. The edition is PDG 2024, S. Navas et al.,
Phys. Rev. D 110, 030001 (2024), unless a line says otherwise.
"""

from __future__ import annotations

from typing import Final

EDITION: Final = "PDG 2024"

ELECTRON_MASS: Final = 0.51099895000e-3
MUON_MASS: Final = 0.1056583755
TAU_MASS: Final = 1.77693
PION_MASS: Final = 0.13957039
NEUTRAL_PION_MASS: Final = 0.1349768
KAON_MASS: Final = 0.493677
NEUTRAL_KAON_MASS: Final = 0.497611
PROTON_MASS: Final = 0.93827208816
NEUTRON_MASS: Final = 0.93956542194
D_ZERO_MASS: Final = 1.86484
D_PLUS_MASS: Final = 1.86966
JPSI_MASS: Final = 3.096900
B_PLUS_MASS: Final = 5.27941
B_ZERO_MASS: Final = 5.27972

FINE_STRUCTURE: Final = 7.2973525643e-3  # CODATA 2022, at zero momentum transfer
FERMI_CONSTANT: Final = 1.1663788e-5  # GeV^-2
HBAR_C_SQUARED: Final = 0.3893793721e12  # GeV^2 fb: turns a cross section in GeV^-2 into fb
SPEED_OF_LIGHT: Final = 29.9792458  # cm/ns, exact

FEMTOBARN_PER_NANOBARN: Final = 1e6
FEMTOBARN_PER_PICOBARN: Final = 1e3
