"""The sentiment of tickets and comments, -1 to 1: English texts of three words or more."""
