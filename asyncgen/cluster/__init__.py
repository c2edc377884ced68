"""One run on many processes and machines: shards, and a coordinator that leases the limits to the workers."""
