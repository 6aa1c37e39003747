"""The two layouts of the event record that are measured against each other, and the rows in them."""
