"""What all share that talk to servers over HTTP: kept secrets, and why there is no answer."""
