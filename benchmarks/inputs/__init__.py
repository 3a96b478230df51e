"""What inputs cost that are large in another way than the sizes; `make bench-inputs` runs both."""
