"""Settings, wiring, command line, REST and pages."""
