"""Reads what a document says about itself from the page as people see it."""
