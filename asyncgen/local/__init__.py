"""Serve a small model on this machine."""
