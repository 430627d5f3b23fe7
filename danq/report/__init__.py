"""A finished run: read it, find what it says, and show it."""
