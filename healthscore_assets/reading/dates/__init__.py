"""From cells, titles and file names to days and months."""
