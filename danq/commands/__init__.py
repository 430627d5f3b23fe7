"""The subcommands, one module a part of the work: their options, and the call of each."""
