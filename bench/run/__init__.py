"""Plan, execute, store: from a split and a method to a table of measured outputs."""
