"""A genome with a planted motif grammar, and the truth of it."""
