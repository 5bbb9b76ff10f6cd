"""Issues one document in a process of its own that is killed at a chosen point.

    python issue_until_killed.py FOLDER PKI APPROVED PART METHOD N before|after

Prints how often the method was used when it comes to an end after all.
"""

import sys
from pathlib import Path

from bureau import Bureau, Dying

from certs.clock import SystemClock
from signer.sandbox import Sandbox


class Keys:
    """Identities whose keys die."""

    def __init__(self, inner, wrap):
        self._inner, self._wrap = inner, wrap

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def open(self, identity_id, pin):
        return self._wrap(self._inner.open(identity_id, pin))


def main(folder, pki, approved, part, method, at, when):
    made = []

    def wrap(inner):
        made.append(Dying(inner, method, int(at), after=when == "after"))
        return made[-1]

    changes = {part: wrap}
    if part == "key":
        changes = {"identities": lambda inner: Keys(inner, wrap)}
    with Sandbox() as sandbox:
        bureau = Bureau(Path(folder), Path(pki), SystemClock(), sandbox, changes)
        bureau.issue(bureau.issuing.recognise(Path(approved)))
    sys.stdout.write(f"{sum(d._count for d in made)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
