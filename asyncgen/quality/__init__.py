"""Whether an output directory holds what it should."""
