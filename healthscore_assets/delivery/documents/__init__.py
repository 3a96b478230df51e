"""What messages say, whatever they are sent by."""
