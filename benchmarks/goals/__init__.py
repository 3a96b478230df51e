"""What the graph is to reach, a file for each goal, and how it is measured."""
