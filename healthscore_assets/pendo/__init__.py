"""Reading raw Pendo exports: which month, which columns, which cells, and what is refused."""
