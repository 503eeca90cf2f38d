"""Tree-level helicity amplitudes by explicit Dirac algebra, compiled."""
