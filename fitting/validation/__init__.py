"""The proof of the fast engine: workspaces, their limits by pyhf, and a scan that says who is right.

`testset` draws the workspaces. `pyhf_limits` finds their limits with pyhf's likelihood and pyhf's fits.
`scan` looks for the lowest minimum of that likelihood from many starting points, where engines disagree.
``python -m darkbelle.fitting.validation FILE`` does all of it and writes what it found.
"""
