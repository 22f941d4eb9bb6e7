"""From a table and a recipe to a run."""
