"""Usage taken from a warehouse into the inbox, a file a month."""
