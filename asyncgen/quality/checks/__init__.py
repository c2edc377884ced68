"""What is wrong with an example: pure checks of notes and reasonings, one family a module."""
