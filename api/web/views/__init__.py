"""What pages show, prepared: sentences in one language, in reading order. No rules made here."""
