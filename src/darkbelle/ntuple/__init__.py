"""basf2's conventions: names, schema, candidates → events, readers, writers, slimming.

Import from the modules: `reading` opens rows for a processor, `tables` and `describing` look at files,
`keys` and `candidates` know events, `writing` and `slimming` make files of basf2's shape.
"""
