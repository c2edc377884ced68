"""Closed lists of synonyms: one alternative may replace another of its line."""
