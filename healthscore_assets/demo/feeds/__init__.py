"""Sample data of the other feeds: what the vendor's other systems know of the same clients."""
