"""Real servers for the tests: found where they are, or installed and started on loopback."""
