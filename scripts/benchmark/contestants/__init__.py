"""The contestants: a program each, run in the environment of the library that it shows."""
