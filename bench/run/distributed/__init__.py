"""The chunks of a run on a Dask cluster, and run folders in object storage."""
