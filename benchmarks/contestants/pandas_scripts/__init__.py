"""What an analyst would run instead: five scripts, with files between them."""
