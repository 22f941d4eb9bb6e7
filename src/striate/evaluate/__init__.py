"""How good the answers are, each number with its doubt; NumPy only, no torch."""
