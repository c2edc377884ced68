"""Closed lists of what says the same: one alternative may stand for another of its line."""
