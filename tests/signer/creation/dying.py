"""Signs in a process of its own that is killed at a chosen point. Run by test_crash."""

import os
import signal
import sys
from pathlib import Path

from house import House

from certs.clock import SystemClock
from signer.creation import SignRequest
from signer.sandbox import Sandbox
from signer.validation.report import Level


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """Stands before something and kills the process at its n-th use, before or after it."""

    def __init__(self, inner, name, at, *, after):
        self._inner, self._name, self._at, self._after, self._count = inner, name, at, after, 0

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name != self._name:
            return found

        def used(*args, **kwargs):
            self._count += 1
            if self._count == self._at and not self._after:
                die()
            result = found(*args, **kwargs)
            if self._count == self._at:
                die()
            return result

        return used


def main(folder, source, target, what, at, after):
    with Sandbox() as sandbox:
        house = House(Path(folder), SystemClock(), sandbox)
        key = house.identities.open("lanh-dao-1", None)
        wrap = {"at": int(at), "after": after == "after"}
        changes = {}
        if what == "sandbox":
            changes["sandbox"] = Dying(sandbox, "run", **wrap)
        elif what == "stamp":
            changes["timestamps"] = Dying(house.stamps, "stamp", **wrap)
        elif what == "key":
            key = Dying(key, "sign", **wrap)
        elif what == "clock":
            changes["clock"] = Dying(house.clock, "now", **wrap)
        signer = house.signer(**changes)
        signer.sign(Path(source), Path(target), key, SignRequest(level=Level.B_LTA))


if __name__ == "__main__":
    main(*sys.argv[1:])
