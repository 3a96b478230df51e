"""Playbooks: what is done about an alert, by whom and until when, and what the client is told."""
