"""A judge for what the rules leave open or flag: what it is asked, how well it does, and what follows."""
