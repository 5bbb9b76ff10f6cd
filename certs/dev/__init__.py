"""The development PKI: real certificates, revocation and time-stamps of no legal value."""
