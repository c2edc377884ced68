"""Shards that are joined to the run that was never cut."""
