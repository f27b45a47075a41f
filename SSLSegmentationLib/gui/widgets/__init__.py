"""Small parts that the panels are built of."""
