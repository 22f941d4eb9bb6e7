"""How the arithmetic runs on this machine."""
