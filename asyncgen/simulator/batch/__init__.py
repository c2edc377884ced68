"""The Batch API: uploaded and downloaded files, and batches that answer the requests in them."""
