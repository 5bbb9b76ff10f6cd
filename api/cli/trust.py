"""`trust add | list | remove`: whom this installation believes.

1. Each certificate is compared with the list of known Vietnamese authorities (`certs.known`) before
   anything is added: of several, all are added or none.
2. Whatever the comparison says, somebody has to compare the fingerprint with the authority's own
   word, out of band; `--checked-by` keeps the name, and what nobody compared is said to be so.
3. `list` and `remove` are for what was added. The development root, where there is one, is listed
   too: it is trusted as long as its folder is there.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import terms
from certs.model import TrustPurpose

if TYPE_CHECKING:
    from certs.anchors import KeptAnchor

UNLISTED = "ngoài danh sách / unlisted"

app = typer.Typer(
    help="Chứng thư được tin cậy. / Trust anchors.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("add")
def trust_add(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE_OR_DIR…", show_default=False)],
    *,
    purpose: Annotated[
        list[TrustPurpose] | None,
        typer.Option("--purpose", help="signer | tsa | ocsp; mặc định tất cả. / Default: all."),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option("--origin", help="Lấy từ đâu; mặc định tên tệp. / Where it came from."),
    ] = None,
    checked_by: Annotated[
        str | None,
        typer.Option("--checked-by", help="Ai đã đối chiếu vân tay. / Who compared."),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Thêm dù trùng tên khác vân tay. / Add against the warning."),
    ] = False,
    data: terms.DataOption = None,
) -> None:
    """Thêm chứng thư tin cậy vào thư mục dữ liệu. / Add trust anchors to the data directory."""
    from api.settings import load
    from api.wiring import build, trust_folder
    from certs.anchors import conflict_of, load_anchors

    if force and not checked_by:
        raise terms.UsageError(
            "--force cần --checked-by: tên người đã đối chiếu vân tay với cơ quan chứng thực.",
            "--force needs --checked-by: who compared the fingerprint with the authority.",
        )
    found = load_anchors(files)
    conflicts = [c for a in found.anchors if (c := conflict_of(a.certificate, a.origin))]
    if conflicts and not force:
        raise conflicts[0]
    for conflict in conflicts:
        terms.say(
            f"CẢNH BÁO: «{conflict.name}» có vân tay KHÁC danh sách; được thêm theo --force.",
            f"WARNING: “{conflict.name}” has ANOTHER fingerprint than the list; added by --force.",
        )
    purposes = frozenset(purpose or TrustPurpose)
    with build(load(terms.chosen_data(ctx, data))) as house:
        for anchor in found.anchors:
            _say_what_it_is(anchor.certificate)
            trust_folder(house).add(
                anchor.certificate,
                purposes,
                origin or anchor.origin,
                checked_by=checked_by,
                force=force,
            )
            terms.say(
                f"Đã tin cậy {anchor.sha256} ({', '.join(sorted(purposes))}).",
                f"Trusted {anchor.sha256} ({', '.join(sorted(purposes))}).",
            )
    if checked_by is None:
        terms.say(
            "Chưa ghi ai đã đối chiếu vân tay. Hãy đối chiếu với cơ quan chứng thực qua kênh khác, "
            "rồi thêm lại với --checked-by.",
            "Nobody is named who compared the fingerprint. Compare it with the authority through "
            "another channel, then add it again with --checked-by.",
        )


@app.command("list")
def trust_list(
    ctx: typer.Context, *, json: terms.JsonOption = False, data: terms.DataOption = None
) -> None:
    """Các chứng thư đang được tin cậy. / What is trusted now."""
    from api.settings import load
    from api.wiring import build, trust_folder

    with build(load(terms.chosen_data(ctx, data))) as house:
        rows = [_described(kept) for kept in trust_folder(house).entries()]
        if house.development is not None:
            anchor = house.development.anchor()
            rows.append(
                _of_certificate(anchor.certificate)
                | {"purposes": sorted(anchor.purposes), "origin": anchor.origin}
                | {"added_at": None, "checked_by": None, "forced": False, "development": True}
            )
    for row in rows:
        if json:
            terms.out(row)
        else:
            _show(row)
    if not rows:
        terms.say("Chưa tin cậy chứng thư nào.", "Nothing is trusted yet.")


@app.command("remove")
def trust_remove(
    ctx: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    *,
    data: terms.DataOption = None,
) -> None:
    """Thôi tin cậy: vân tay (từ 8 ký tự đầu) hoặc mã trong danh sách. / Stop trusting one."""
    from api.settings import load
    from api.wiring import build, trust_folder

    with build(load(terms.chosen_data(ctx, data))) as house:
        removed = trust_folder(house).remove(wanted)
    terms.say(f"Đã thôi tin cậy {removed}.", f"No longer trusted: {removed}.")


def _say_what_it_is(der: bytes) -> None:
    from certs import certificates
    from certs.known import Likeness, compare, known

    certificate = certificates.load(der)
    found = compare(certificate)
    name = certificates.common_name(certificate)
    dated = f"{known().dated:%d/%m/%Y}"
    if found.likeness is Likeness.LISTED:
        (authority,) = found.authorities
        count = len(authority.sources)
        terms.say(
            f"«{name}»: vân tay trùng với {authority.name} [{authority.id}] trong danh sách ngày "
            f"{dated} (thấy ở {count} nơi). Vẫn cần đối chiếu với cơ quan chứng thực.",
            f"“{name}”: the fingerprint is that of {authority.id} in the list of {dated} (seen in "
            f"{count} {'place' if count == 1 else 'places'}). It still has to be compared with the "
            "authority.",
        )
    elif found.likeness is Likeness.UNKNOWN:
        terms.say(
            f"«{name}»: không có trong danh sách ngày {dated}. Hãy đối chiếu vân tay với cơ quan "
            "chứng thực qua kênh khác trước khi dùng.",
            f"“{name}”: not in the list of {dated}. Compare the fingerprint with the authority "
            "through another channel before relying on it.",
        )


def _described(kept: "KeptAnchor") -> dict[str, Any]:
    return _of_certificate(kept.anchor.certificate) | {
        "purposes": sorted(kept.anchor.purposes),
        "origin": kept.anchor.origin,
        "added_at": kept.added_at.isoformat(),
        "checked_by": kept.checked_by,
        "forced": kept.forced,
        "development": False,
    }


def _of_certificate(der: bytes) -> dict[str, Any]:
    from certs import certificates
    from certs.known import Likeness, compare

    certificate = certificates.load(der)
    found = compare(certificate)
    return {
        "id": certificates.fingerprint(certificate),
        "common_name": certificates.common_name(certificate),
        "organization": certificates.organization(certificate),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "listed": found.authorities[0].id if found.likeness is Likeness.LISTED else None,
    }


def _show(row: dict[str, Any]) -> None:
    purposes = ", ".join(row["purposes"]) or "helper"
    until = datetime.fromisoformat(row["not_after"])
    checked = row["checked_by"] or "CHƯA AI / NOBODY"
    lines = [
        terms.printable(f"{row['id']}  {row['common_name']}"),
        f"  {purposes} · đến / until {until:%d/%m/%Y} · {row['listed'] or UNLISTED}",
        terms.printable(f"  nguồn / origin: {row['origin']} · đối chiếu / checked by: {checked}"),
    ]
    if row["forced"]:
        lines.append("  ! thêm dù trùng tên khác vân tay / added against the warning")
    if row["development"]:
        lines.append("  ! PHÁT TRIỂN, KHÔNG CÓ GIÁ TRỊ PHÁP LÝ / development only")
    print("\n".join(lines))  # noqa: T201 - what was asked for
