"""Where tables live: paths, atomic replacement of a month, the archive of raw bytes, the engine."""
