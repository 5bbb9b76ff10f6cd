"""REST: `/api/v1`, and what machines ask about the service's health."""
