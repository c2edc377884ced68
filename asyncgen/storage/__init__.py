"""The output directory: its files, journal and checkpoint, and how a run resumes from them."""
