"""Figures of arrays: charts, and small SVG drawings."""
