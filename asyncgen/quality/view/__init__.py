"""One HTML file by which a person looks at the records of a run, and accepts or rejects them."""
