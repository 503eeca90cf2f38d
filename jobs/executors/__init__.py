"""Where the chunks of a run are processed: in this process, in a few, or on a Dask cluster."""
