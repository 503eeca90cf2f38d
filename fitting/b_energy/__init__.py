"""√s from the energies of B mesons: what a run has filled, the estimator, and the measurement."""
