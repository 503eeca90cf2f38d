"""Studies with pseudo-experiments: limits, intervals, coverage and bias, global significances.

A study says what it needs as *recipes*, which JSON can hold, and gets columns of numbers for them. Who
makes them is the caller's choice: `in_process` does it here, `darkbelle.jobs.toys` with any executor
and through the result store. Experiments have random numbers of their own, so the columns are the same.

Read in this order: `recipes` and `ensembles` (experiments of one model), `searches` (what asks for them step
by step), `exclusion` and `toy_limits` (CLs), `unified` (intervals of Feldman and Cousins), `nested` and
`coverage`, then `scans`, `trials` and `significance` (a whole mass scan), and
`runs`, which does it for a run folder.
"""
