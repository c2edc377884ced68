"""Make one call: send it, classify the answer, and decide whether to retry."""
