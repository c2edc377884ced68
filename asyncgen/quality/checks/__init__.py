"""Find what is wrong with an example: pure checks of notes and reasonings, one family per module."""
