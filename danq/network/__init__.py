"""Build, load and run a model."""
