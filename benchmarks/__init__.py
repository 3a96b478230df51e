"""How fast the graph is beside the least that the same numbers cost; `make bench` runs it all."""
