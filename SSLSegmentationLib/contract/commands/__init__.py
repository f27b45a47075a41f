"""Commands that need the standard library only."""
