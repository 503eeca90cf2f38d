"""Dask clusters: how one is started, whom it talks to, and what its workers must have."""
