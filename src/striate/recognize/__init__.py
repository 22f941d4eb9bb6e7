"""Anything that turns pictures into class scores."""
