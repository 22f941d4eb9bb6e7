"""Comparison: the same pictures, several recognizers; which is better, how surely, and at what price."""
