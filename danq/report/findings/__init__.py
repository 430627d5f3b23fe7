"""What a run says, as small tables and counts, before it is put into words or drawn."""
