"""Exports and lookups made by seed: the files that all contestants read."""
