"""The pages, bound to a house.

`mount` is what `api.rest.app.create_app` calls last, so that `Guard` is the outermost layer.
"""

from fastapi import FastAPI

from api.security import Guard
from api.web.kept import GoneError, Shelf
from api.web.pages import static
from api.web.problems import gone, problem_page
from api.web.routes import account, compare, files, search, sign, verify
from api.wiring import House


def mount(app: FastAPI, house: House) -> None:
    """Add the pages to `app`."""
    app.state.public_shelf = Shelf(house.clock)
    app.state.desk_shelf = Shelf(house.clock)
    app.state.problem_page = problem_page
    app.add_exception_handler(GoneError, gone)
    for module in (account, compare, files, search, sign, verify):
        app.include_router(module.router)
    app.add_middleware(Guard, public_url=house.settings.public_url)
    static()  # read once at start, so that a missing file is found then


__all__ = ["mount"]
