"""basf2's conventions: names, datasets, schema, candidates → events, readers, writers, slimming."""
