"""The flows that compose the rooms below: verify, sign, receive."""
