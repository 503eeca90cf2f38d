"""From e+e− collisions to ntuples: matrix elements, event generators, detector response, samples."""
