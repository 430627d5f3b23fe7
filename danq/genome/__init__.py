"""The user's files and coordinates: FASTA, peaks, tables of targets, bins."""
