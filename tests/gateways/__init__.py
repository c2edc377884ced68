"""Real servers and gateways that nobody of this project wrote, between the program and the simulated API."""
