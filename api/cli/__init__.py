"""The command line: Typer commands, one module each."""
