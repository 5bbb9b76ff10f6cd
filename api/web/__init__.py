"""Pages that people see."""
