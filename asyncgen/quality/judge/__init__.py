"""Judge what the rules leave open or flag: the questions, their accuracy, and the conclusion."""
