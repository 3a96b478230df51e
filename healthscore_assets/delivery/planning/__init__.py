"""Which messages are due, to whom, and what they tell."""
