"""Look inside a network and change nothing: what runs, what it costs, what of the picture each unit sees."""
