"""A corpus in MEDEC's format, written for this project: invented notes about nobody, from a seed."""
