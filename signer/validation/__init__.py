"""Validation of PDF signatures: EN 319 102-1, and our own rules for the document."""
