"""The Batch API: files that are uploaded and downloaded, and batches that answer the requests in them."""
