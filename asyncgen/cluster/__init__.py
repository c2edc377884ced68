"""One run on many processes and machines: shards, and one who leases the limits to those that work on them."""
