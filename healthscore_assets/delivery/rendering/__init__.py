"""A document in the form that a channel takes: each form is a file."""
