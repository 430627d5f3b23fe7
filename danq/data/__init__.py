"""danq's own files: the dataset and what is written beside it; the only place that knows HDF5."""
