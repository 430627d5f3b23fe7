"""Motif matrices: their files, their comparison, their names."""
