"""Calls through the Batch API: rows are run to what they cannot know yet, and that is asked in batches."""
