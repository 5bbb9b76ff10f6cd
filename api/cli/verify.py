"""`verify`: is this genuine? One line per PDF, in the order given, streamed."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import terms
from api.cli.inputs import MissingPathError, Source, UnsoundError, sources

if TYPE_CHECKING:
    from api.cli.reports import ReportFolder
    from api.settings import Settings
    from certs.model import TrustStore
    from office.model import Verification

PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH…",
        help="PDF, thư mục, ZIP, hoặc - cho đầu vào chuẩn. / A PDF, a directory, a ZIP, or -.",
        show_default=False,
    ),
]
TrustOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--trust",
        metavar="FILE_OR_DIR",
        help="Chỉ tin các chứng thư này. / Trust these certificates only.",
        show_default=False,
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="ISO8601", help="Thời điểm kiểm tra. / Validation time."),
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Không dùng mạng. / Never touch the network.")
]
NoReadOption = Annotated[
    bool, typer.Option("--no-read", help="Không đọc nội dung trang. / Do not read the page.")
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="DIR",
        help="Ghi <sha256>.json, .xml, .pdf vào đây. / Write <sha256>.json, .xml, .pdf there.",
        show_default=False,
    ),
]
JobsOption = Annotated[
    int, typer.Option("--jobs", metavar="N", min=1, max=64, help="Số tệp cùng lúc. / At once.")
]


def verify(  # noqa: PLR0913 - one parameter per option of the contract
    ctx: typer.Context,
    paths: PathsArgument,
    *,
    json: terms.JsonOption = False,
    trust: TrustOption = None,
    at: AtOption = None,
    offline: OfflineOption = False,
    no_read: NoReadOption = False,
    report: ReportOption = None,
    jobs: JobsOption = 1,
    data: terms.DataOption = None,
) -> None:
    """Kiểm tra chữ ký số trên tệp PDF. / Verify the signatures of PDF files.

    Mã kết thúc / exit status: 0 tất cả hợp lệ / all passed · 1 có tệp sai / something is bad ·
    2 chưa đủ căn cứ / not everything passed.
    """
    from signer.sandbox import Sandbox

    when = terms.moment(at) if at else None
    try:
        found = sources(paths)
    except MissingPathError as e:
        raise terms.UsageError(f"Không có «{e}».", f"There is no “{e}”.") from e
    if not found:
        raise terms.UsageError(
            "Không có tệp PDF nào để kiểm tra.", "There is no PDF file to verify."
        )
    with Sandbox(children=jobs) as box:
        box.warm_up()  # it loads pyHanko while this process loads the rest
        from api.cli.verdicts import exit_status, show
        from api.settings import load
        from api.wiring import verification
        from office.flows.verdict import verdict_line

        settings = load(terms.chosen_data(ctx, data), sandbox_children=jobs)
        anchors = tuple(trust) if trust is not None else None
        with ExitStack() as held:
            verifier, store = held.enter_context(verification(settings, anchors, sandbox=box))
            folder = held.enter_context(_folder(report, settings, store))

            def one(source: Source) -> "Verification":
                try:
                    content = source.read(settings.upload_limit)
                    return verifier.verify(
                        content, trust=store, at=when, offline=offline, read=not no_read
                    )
                except UnsoundError as e:
                    return verifier.refuse(
                        e.reason, size=e.size, trust=store, at=when, sha256=e.sha256
                    )
                except OSError:
                    # It was there a moment ago, and is not readable now.
                    return verifier.refuse("file.damaged", size=0, trust=store, at=when)

            worst = terms.OK
            for source, result in in_order(found, one, jobs):
                worst = exit_status(worst, result.report)
                line = verdict_line(source.name, result)
                if folder is not None:
                    folder.put(source.name, result)
                if json:
                    terms.out(line)
                else:
                    show(source.name, result)
    if folder is not None:
        terms.say(
            f"Báo cáo (.json, .xml, .pdf) nằm trong {folder.path}.",
            f"The reports (.json, .xml, .pdf) are in {folder.path}.",
        )
    terms.done(worst)


def _folder(
    path: Path | None, settings: "Settings", trust: "TrustStore"
) -> "AbstractContextManager[ReportFolder | None]":
    if path is None:
        return nullcontext()
    # lxml and the typesetter are loaded for those who want reports.
    from api.cli.reports import ReportFolder

    return ReportFolder(path, settings, trust)


def in_order(
    found: list[Source], one: Callable[[Source], "Verification"], jobs: int
) -> Iterator[tuple[Source, "Verification"]]:
    """Yield each source with its verification, in order, each as soon as it can be.

    At most two per worker are ahead of the one printed: a folder of a million is not a million
    files held.
    """
    if jobs == 1:
        for source in found:
            yield source, one(source)
        return
    with ThreadPoolExecutor(jobs) as pool:
        ahead: deque[tuple[Source, Future[Verification]]] = deque()
        for source in found:
            ahead.append((source, pool.submit(one, source)))
            if len(ahead) >= 2 * jobs:
                first, future = ahead.popleft()
                yield first, future.result()
        for first, future in ahead:
            yield first, future.result()
