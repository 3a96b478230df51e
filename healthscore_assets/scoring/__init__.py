"""The scores: base, weights, indices, momentum, and why a score is what it is (SCORING.md)."""
