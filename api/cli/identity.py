"""`identity`: whose signatures this installation can make."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli import terms
from certs.model import IdentityPurpose

app = typer.Typer(
    help="Danh tính ký số. / Signing identities.", no_args_is_help=True, rich_markup_mode=None
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Chữ a-z, số, gạch nối. / a-z 0-9 -")]
PurposeOption = Annotated[
    IdentityPurpose, typer.Option("--purpose", help="Dùng để làm gì. / What it is for.")
]


@app.command("list")
def list_identities(
    ctx: typer.Context, *, json: terms.JsonOption = False, data: terms.DataOption = None
) -> None:
    """Liệt kê danh tính ký số. / List the signing identities."""
    from rich.console import Console
    from rich.table import Table

    from api.settings import load
    from api.wiring import build

    with build(load(terms.chosen_data(ctx, data))) as house:
        now = house.clock.now()
        table = Table("id", "tên / name", "loại / purpose", "hết hạn / until", "dùng được / usable")
        for identity in house.identities.list():
            usable = identity.not_before <= now <= identity.not_after
            if json:
                terms.out(
                    {
                        "id": identity.id,
                        "usable": usable,
                        "common_name": identity.common_name,
                        "organization": identity.organization,
                        "purpose": identity.purpose.value,
                        "kind": identity.kind,
                        "development": identity.development,
                        "not_before": identity.not_before.isoformat(),
                        "not_after": identity.not_after.isoformat(),
                    }
                )
            else:
                table.add_row(
                    identity.id,
                    terms.printable(identity.common_name),
                    identity.purpose.value,
                    f"{identity.not_after:%d/%m/%Y}",
                    "có / yes" if usable else "không / no",
                )
        if not json:
            Console(highlight=False, markup=False).print(table)


@app.command("dev")
def development(
    ctx: typer.Context,
    *,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=1,
            max=65535,
            help="Cổng ghi trong chứng thư (lần đầu). / Port written into the certificates.",
        ),
    ] = None,
    data: terms.DataOption = None,
) -> None:
    """Tạo PKI phát triển và in đường dẫn chứng thư gốc. / Make the development PKI.

    Dòng cuối là đường dẫn chứng thư gốc. / The last line is the path of its root certificate.
    """
    from api.settings import load
    from api.wiring import make_development_pki

    root = make_development_pki(load(terms.chosen_data(ctx, data)), port=port)
    terms.say(
        "PKI phát triển đã sẵn sàng. Chữ ký của nó KHÔNG CÓ GIÁ TRỊ PHÁP LÝ.",
        "The development PKI is ready. Its signatures have NO LEGAL VALUE.",
    )
    sys.stdout.write(f"{root}\n")


@app.command("create")
def create(
    ctx: typer.Context,
    identity_id: IdArgument,
    *,
    name: Annotated[str, typer.Option("--name", help="Tên trên chứng thư. / Common name.")],
    organization: Annotated[str, typer.Option("--organization", help="Cơ quan. / Agency.")],
    title: Annotated[str | None, typer.Option("--title", help="Chức vụ. / Title.")] = None,
    purpose: PurposeOption = IdentityPurpose.LEADER,
    data: terms.DataOption = None,
) -> None:
    """Tạo danh tính phát triển mới, do PKI phát triển cấp. / Make a development identity.

    Khóa thật do CA được cấp phép cấp: dùng `identity import`. / Keys of legal value come from a
    licensed CA: use `identity import`.
    """
    from api.settings import load
    from api.wiring import build, enrol_development

    with build(load(terms.chosen_data(ctx, data))) as house:
        made = enrol_development(
            house, identity_id, name=name, organization=organization, title=title, purpose=purpose
        )
    terms.say(f"Đã tạo danh tính «{made.id}».", f"Identity “{made.id}” was made.")


@app.command("import")
def import_pkcs12(
    ctx: typer.Context,
    identity_id: IdArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE.p12", help="Tệp PKCS#12.")],
    *,
    password_file: Annotated[
        Path, typer.Option("--password-file", help="Tệp chứa mật khẩu PKCS#12. / Its password.")
    ],
    pin_file: Annotated[
        Path, typer.Option("--pin-file", help="Tệp chứa mã PIN sẽ dùng. / The PIN to be used.")
    ],
    purpose: PurposeOption = IdentityPurpose.LEADER,
    data: terms.DataOption = None,
) -> None:
    """Nhập khóa và chứng thư từ tệp PKCS#12. / Take in a PKCS#12 file."""
    from api.settings import load
    from api.wiring import build

    terms.existing_files([file])
    password, pin = terms.read_pin(password_file), terms.read_pin(pin_file)
    if password is None or pin is None:
        raise terms.UsageError("Cần mật khẩu và mã PIN.", "Password and PIN are needed.")
    with build(load(terms.chosen_data(ctx, data))) as house:
        made = house.identities.import_pkcs12(
            identity_id,
            purpose=purpose,
            data=file.read_bytes(),
            password=password,
            pin=pin,
            helpers=house.trust().helpers,
        )
    terms.say(
        f"Đã nhập danh tính «{made.id}» ({made.common_name}).",
        f"Identity “{made.id}” ({made.common_name}) was taken in.",
    )


@app.command("pkcs11")
def pkcs11() -> None:
    """Thiết bị PKCS#11: chưa có trong bản này. / PKCS#11 tokens: not in this version yet."""
    raise terms.UsageError(
        "Bản này chưa dùng được thiết bị ký số PKCS#11. Hãy dùng tệp PKCS#12: identity import.",
        "This version cannot use PKCS#11 tokens yet. Use a PKCS#12 file: identity import.",
    )
