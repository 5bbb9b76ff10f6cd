"""Where signing identities live: files first; tokens, remote and client-held keys beside."""
