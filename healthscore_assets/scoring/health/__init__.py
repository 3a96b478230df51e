"""Composite health: components, weights, bands and drivers (SCORING.md section 5)."""
