"""Runs: plan, result store, executors, merging, reports and the command line."""
