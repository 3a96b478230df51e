"""What is unusual about a month: warnings with their numbers, which never change a table."""
