"""The pages, bound to a house.

`mount` is what `api.rest.app.create_app` calls last, so that `Guard` is the outermost layer.
"""

from fastapi import FastAPI

from api.security import Guard
from api.web.batches import Batches
from api.web.forms import FILES
from api.web.kept import GoneError, Kept, Shelf
from api.web.pages import static
from api.web.problems import gone, problem_page
from api.web.routes import account, accounts, compare, files, search, sign, verify
from api.wiring import House
from office.model import Verification


def mount(app: FastAPI, house: House) -> None:
    """Add the pages to `app`."""
    app.state.public_shelf = Shelf(house.clock)
    app.state.desk_shelf = Shelf(house.clock)
    # A shelf of their own: a crowd of files shall not push single ones off theirs.
    app.state.batch_shelf = Shelf(house.clock, entries=5 * FILES)
    app.state.batches = _batches(app, house)
    app.state.problem_page = problem_page
    app.add_exception_handler(GoneError, gone)
    for module in (account, accounts, compare, files, search, sign, verify):
        app.include_router(module.router)
    app.add_middleware(Guard, public_url=house.settings.public_url)
    static()  # read once at start, so that a missing file is found then


def _batches(app: FastAPI, house: House) -> Batches:
    def check(kept: Kept) -> Kept:
        done = verify.checked(house, app.state.batch_shelf, kept)
        assert done.verification is not None  # noqa: S101 - what `checked` is for
        found = done.verification.report
        app.state.metrics.verified(
            found.integrity.value, found.indication.value if found.indication else None
        )
        return done

    def refuse(code: str, size: int, sha256: str) -> Verification:
        return house.verifier.refuse(code, size=size, trust=house.trust(), at=None, sha256=sha256)

    return Batches(
        shelf=app.state.batch_shelf,
        throttle=app.state.throttle,
        clock=house.clock,
        check=check,
        refuse=refuse,
        size_limit=house.settings.upload_limit,
    )


__all__ = ["mount"]
