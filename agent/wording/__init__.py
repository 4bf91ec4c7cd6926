"""Plain words to a rule."""
