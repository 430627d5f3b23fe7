"""Train a model; search for better knobs; profile a step."""
