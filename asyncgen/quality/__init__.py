"""Check that an output directory holds what it should."""
