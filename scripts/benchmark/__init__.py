"""What `scripts/bench` runs: a server, the contestants, how they are measured, and what is printed of it."""
