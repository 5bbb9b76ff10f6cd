"""Settings, wiring, command line, REST and pages."""

VERSION = "0.1.0"
"""Of the application; a test keeps it equal to pyproject.toml's."""
