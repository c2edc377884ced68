"""One HTML file in which a person reviews the records of a run, and accepts or rejects them."""
