"""The commands, put together. Their modules import what they need when they run, not before."""

from typing import Annotated

import typer

from api.cli import administration, identity, keeping, serving, terms, testing, trust
from api.cli.issue import issue
from api.cli.sign import sign
from api.cli.verify import verify

app = typer.Typer(
    name="antin",
    help="Ấn Tín: ký số, kiểm tra chữ ký và lưu trữ văn bản. / "
    "Sign, verify and archive official documents.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:  # noqa: FBT001 - the option's value
    if asked:
        from api import VERSION

        print(f"Ấn Tín {VERSION}")  # noqa: T201 - asked for
        raise typer.Exit


@app.callback()
def before(
    ctx: typer.Context,
    *,
    data: terms.DataOption = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="In ra phiên bản. / Print the version.",
            is_eager=True,
            callback=_version,
        ),
    ] = False,
) -> None:
    """Remember what was said before the command's name."""
    del version
    ctx.obj = {"data": data}


app.command("verify")(verify)
app.command("sign")(sign)
app.command("issue")(issue)
app.add_typer(identity.app, name="identity")
for command in (
    keeping.ingest,
    keeping.search,
    keeping.get,
    keeping.export,
    keeping.fixity,
    keeping.fsck,
    keeping.rebuild,
    serving.serve,
    serving.work,
    serving.demo,
    administration.doctor,
):
    app.command()(command)
app.add_typer(trust.app, name="trust")
app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    testing.test
)
