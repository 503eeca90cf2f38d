"""The fast engine: pyhf workspaces as dense arrays, exact derivatives, Newton fits, asymptotic limits.

Read in this order: `model` (what the arrays are), `parameters` and `compile` (workspace to model),
`interpolation`, `likelihood` and `derivatives` (−ln L), `minimise` and `multistart` (fits), `crossing` and
`asymptotic` (limits), `curvature` and `report` (errors, pulls, impacts), `experiments`
(pseudo-experiments drawn and fitted). Nothing here imports pyhf.
"""
