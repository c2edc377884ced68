"""The MEDEC corpus: its files, pairs and splits."""
