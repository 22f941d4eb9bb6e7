"""What every floor stands on: errors, names, findings, files that appear whole, randomness without state."""
