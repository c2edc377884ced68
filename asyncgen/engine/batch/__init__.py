"""Calls through the Batch API: run each row as far as known answers carry it, and request the rest in batches."""
