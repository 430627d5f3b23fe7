"""danq's own files: the dataset, predictions and attributions; the only room that uses HDF5."""
