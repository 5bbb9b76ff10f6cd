"""The catalogue: what is in the archive, and how it is found. The only SQL of this room."""
