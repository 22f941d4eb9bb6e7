"""Blocks that families share, and what every network is: stem, stages, head."""
