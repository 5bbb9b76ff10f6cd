"""People and work: agencies, users, and the flows that compose the rooms below."""
