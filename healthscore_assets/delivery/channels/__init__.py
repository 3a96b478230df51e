"""What messages are sent by: each kind of channel is a file."""
