"""Sample exports: two years of a fictional product, with clients whose scores tell a story."""
