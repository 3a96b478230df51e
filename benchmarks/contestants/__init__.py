"""Programs that come to the same index scores from the same files."""
