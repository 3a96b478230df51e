"""What a person changes: readers of the files in ``lookups/``, with an error for every bad line."""
