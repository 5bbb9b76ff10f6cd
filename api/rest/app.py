"""The application: REST under `/api/v1`, the pages, and the layers around both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import VERSION
from api.metrics import Metrics
from api.rest import documents, faults, health, signatures, verifications
from api.rest.context import RequestContext
from api.rest.pace import Pace
from api.rest.throttle import Throttle
from api.wiring import House


def create_app(house: House) -> FastAPI:
    """Return the application of `house`; whoever made the house closes it."""
    from api.web.routes import mount

    settings = house.settings

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[None]:
        yield
        # What people were looking at goes when the service stops (`api.web.kept` rule 1).
        running.state.batches.close()
        running.state.batch_shelf.close()
        running.state.public_shelf.close()
        running.state.desk_shelf.close()

    app = FastAPI(
        title="Ấn Tín",
        version=VERSION,
        description="Ký số, kiểm tra chữ ký và lưu trữ văn bản. / Sign, verify and archive.",
        docs_url=None,  # its scripts come from another host, which our own policy forbids
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
    )
    app.state.house = house
    app.state.metrics = Metrics()
    app.state.throttle = Throttle(
        per_minute=settings.verify_per_minute, at_once=settings.verify_at_once
    )
    faults.handle(app)
    for part in (verifications, documents, signatures):
        app.include_router(part.router)
    app.include_router(health.router)
    # The last layer added is the outermost. The pages come last and bring the guard, whose headers
    # stand on problems too.
    app.add_middleware(Pace)
    app.add_middleware(RequestContext, metrics=app.state.metrics)
    mount(app, house)
    return app
