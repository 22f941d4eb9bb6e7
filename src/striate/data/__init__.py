"""Tables, splits, audits and the way of the pictures into batches."""
