"""The tests of the program, of its documentation and of its scripts."""
