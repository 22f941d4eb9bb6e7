"""Get to know the units of a network: what each answers to on the user's own pictures."""
