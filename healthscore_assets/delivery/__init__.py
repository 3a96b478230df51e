"""What leaves the house: messages to people, scores to the systems that they work in."""
