"""`serve`, `work` and `demo`: what keeps running."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli import terms

PortOption = Annotated[int, typer.Option("--port", metavar="P", min=0, max=65535)]
HostOption = Annotated[str, typer.Option("--host", help="Địa chỉ nghe. / Address to listen on.")]


def serve(
    ctx: typer.Context,
    *,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    data: terms.DataOption = None,
) -> None:
    """Phục vụ trang web và REST. / Serve pages and REST."""
    from api import logs
    from api.settings import load
    from api.wiring import build

    settings = load(terms.chosen_data(ctx, data))
    logs.for_service(settings.log_level)
    with build(settings) as house:
        house.warm_up()
        from api.server import run  # the web's libraries load while the sandbox starts

        run(house, host=host, port=port)


def work(
    ctx: typer.Context,
    *,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64)] = 2,
    data: terms.DataOption = None,
) -> None:
    """Chạy các việc nền trên máy này. / Do the background jobs on this machine."""
    from api import logs
    from api.settings import load
    from api.wiring import build
    from api.worker import work_until_told

    settings = load(terms.chosen_data(ctx, data))
    logs.for_service(settings.log_level)
    with build(settings) as house:
        work_until_told(house, threads=threads)


def demo(
    ctx: typer.Context,
    *,
    port: PortOption = 8000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Không mở trình duyệt. / Do not open a browser.")
    ] = False,
    data: terms.DataOption = None,
) -> None:
    """Chạy thử với dữ liệu mẫu. / Try it with sample data."""
    from api.demo import run_demo

    chosen = terms.chosen_data(ctx, data)
    run_demo(chosen if chosen is not None else Path("data/demo"), port=port, browser=not no_browser)
