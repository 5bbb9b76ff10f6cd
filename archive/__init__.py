"""Records, kept: OAIS ingest, object stores, catalogue, register and log."""
