"""From the words above the columns to what they are: the grammar, its aliases, the shapes."""
