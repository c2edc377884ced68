"""The judge: what it is asked, and what follows from its answers."""
