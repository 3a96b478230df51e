"""Messages from the moment they are due until they are sent, each once."""
