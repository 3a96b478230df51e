"""Structural risk: whom and what a client's usage hangs on (SCORING.md section 6)."""
