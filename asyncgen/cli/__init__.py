"""The command line: commands, flags, and everything that is printed."""
