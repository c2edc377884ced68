"""Answers by the hash of their request, in a file that output directories share."""
