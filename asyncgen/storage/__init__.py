"""The output directory: files, journal, checkpoint, and how a run resumes from them."""
