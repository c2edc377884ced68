"""The report of a run: one HTML file that contains everything and fetches nothing."""
