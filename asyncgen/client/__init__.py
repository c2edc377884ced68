"""One call: the wire, what an answer means, when it is retried."""
