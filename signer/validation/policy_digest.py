"""The digest of the policy data in force, cited in every report (design.md §4 rule 10)."""

import hashlib
from pathlib import Path

ALGORITHMS = Path(__file__).parents[1] / "data" / "algorithms.toml"
POLICY_DIGEST = hashlib.sha256(ALGORITHMS.read_bytes()).hexdigest()
"""SHA-256 of `signer/data/algorithms.toml`, lower-case hex."""
