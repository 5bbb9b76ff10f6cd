"""Who signs, whom we trust, and what time it is."""
