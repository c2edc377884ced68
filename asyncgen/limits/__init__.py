"""What a call needs before it may be sent: a slot, a request, its tokens, its share of the budget."""
