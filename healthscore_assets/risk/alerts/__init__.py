"""Alerts: which rules hold for which client, since when, and what to do about it."""
