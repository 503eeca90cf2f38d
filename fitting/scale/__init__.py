"""The momentum scale from narrow peaks: their fits, factors by least squares, tables, checks."""
