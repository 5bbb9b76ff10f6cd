"""Every setting of an installation, from the environment, from secret files or from `--data`.

1. A name is `ANTIN_` and the field in capitals: `ANTIN_DATABASE_URL`.
2. `ANTIN_<NAME>_FILE` names a file that holds the value, as container secrets do. It wins over
   nothing: giving a value and its file both is refused, because one of them is out of date.
3. Nothing is read when a module is imported; `load` is called once, by the command line.
4. A value that opens something (a key, a URL that may hold a password) is a `SecretStr`, so that
   printing the settings shows stars.
5. `docs/reference/settings.md` is `reference()`, kept equal by a test.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "ANTIN_"
Listed = Annotated[tuple[str, ...], NoDecode]
"""A list given as text, separated by commas or spaces."""


class SecretFiles(PydanticBaseSettingsSource):
    """Rule 2: the `*_FILE` form of every setting."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._environ = environ

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the base class's signature
        """Return the content of the named file, without the newline that editors add."""
        name = f"{PREFIX}{field_name.upper()}"
        path = self._environ.get(f"{name}_FILE")
        if path is None:
            return None, field_name, False
        if name in self._environ:
            raise ValueError(f"{name} and {name}_FILE are both set; keep one")
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except OSError as e:
            raise ValueError(f"{name}_FILE: {path} cannot be read ({e.strerror})") from e

    def __call__(self) -> dict[str, Any]:
        """Return the fields that have a file."""
        found: dict[str, Any] = {}
        for name, info in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(info, name)
            if value is not None:
                found[key] = value
        return found


class Settings(BaseSettings):
    """The settings of one installation. Frozen: a running house does not change under itself."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    data: Path = Field(
        default=Path("data"),
        description="Data directory of the embedded default: SQLite, objects, identities, trust.",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="SQLAlchemy URL: `sqlite:///…` or `postgresql+psycopg://…`. "
        "Empty: `antin.db` in the data directory.",
    )
    object_store: str = Field(
        default="",
        description="`file:///…` or `s3://bucket?endpoint=https://host:port[&region=…]`. "
        "Empty: `objects` in the data directory.",
    )
    s3_access_key: SecretStr | None = Field(default=None, description="Access key of the S3 store.")
    s3_secret_key: SecretStr | None = Field(default=None, description="Secret key of the S3 store.")
    agency: str = Field(
        default="co-quan",
        pattern=r"^[A-Za-z0-9.-]{1,64}$",
        description="Short code of the agency whose registers these are, e.g. its identifier "
        "under QĐ 20/2020/QĐ-TTg.",
    )
    public_url: str = Field(
        default="",
        description="Address under which people reach the service. "
        "With `https`, cookies are marked secure.",
    )
    upload_limit: int = Field(
        default=256 << 20,
        gt=0,
        description="Largest document, in bytes, on every way in.",
    )
    report_identity: str = Field(
        default="",
        description="Identity that signs the reports on paper (PDF). Empty: they are not signed.",
    )
    report_pin: SecretStr | None = Field(
        default=None, description="PIN of that identity; a development identity needs none."
    )
    tsa: Listed = Field(
        default=(),
        description="Time-stamping authorities in order of preference: `name=https://…`. "
        "Empty: the development authority, where `identity dev` made one.",
    )
    fetch_hosts: Listed = Field(
        default=(),
        description="Further public hosts that may be asked for revocation data. Those that the "
        "trusted certificates name, and those of the TSA list, are allowed by themselves.",
    )
    fetch_private: Listed = Field(
        default=(),
        description="Services inside the network that may be asked, as `host:port`, "
        "e.g. an internal CA. Nothing else at a private or loopback address is ever asked.",
    )
    sandbox_children: int = Field(
        default=2, ge=1, le=64, description="Documents that are opened at the same time."
    )
    verify_per_minute: int = Field(
        default=30, ge=1, description="Public verifications per minute and address."
    )
    verify_at_once: int = Field(
        default=4, ge=1, description="Public verifications in progress at the same time, in all."
    )
    trusted_proxies: Listed = Field(
        default=(),
        description="Addresses of proxies whose `X-Forwarded-For` is believed.",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_file: Path | None = Field(
        default=None,
        description="Where the command line writes tracebacks. "
        "Empty: `antin.log` in the data directory, if there is one.",
    )

    @field_validator("tsa", "fetch_hosts", "fetch_private", "trusted_proxies", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("tsa")
    @classmethod
    def _named_authorities(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            name, _, url = entry.partition("=")
            if not name or urlsplit(url).scheme not in ("http", "https"):
                raise ValueError(f"{entry!r} is not name=https://…")
        return value

    @field_validator("fetch_private")
    @classmethod
    def _with_ports(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not entry.rpartition(":")[2].isdigit():
                raise ValueError(f"{entry!r} is not host:port")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("one of DEBUG, INFO, WARNING, ERROR")
        return value.upper()

    @model_validator(mode="after")
    def _store_is_whole(self) -> "Settings":
        url = urlsplit(self.store_url)
        if url.scheme == "s3":
            if not url.netloc or "endpoint" not in parse_qs(url.query):
                raise ValueError("object_store: s3://bucket?endpoint=https://host:port")
            if self.s3_access_key is None or self.s3_secret_key is None:
                raise ValueError("object_store is S3: s3_access_key and s3_secret_key are needed")
        elif url.scheme != "file":
            raise ValueError("object_store: file:///… or s3://bucket?endpoint=…")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then files, then the environment; no `.env` behind one's back."""
        return init_settings, SecretFiles(settings_cls, os.environ), env_settings

    @property
    def db_url(self) -> str:
        """The database to open; holds the password if there is one."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data / 'antin.db'}"

    @property
    def store_url(self) -> str:
        """The object store to open."""
        return self.object_store or f"file://{(self.data / 'objects').absolute()}"

    @property
    def authorities(self) -> tuple[tuple[str, str], ...]:
        """Name and URL of each configured time-stamping authority."""
        return tuple((n, u) for n, _, u in (entry.partition("=") for entry in self.tsa))

    @property
    def tsa_hosts(self) -> frozenset[str]:
        """Hosts of the time-stamping authorities."""
        return frozenset(urlsplit(url).hostname or "" for _, url in self.authorities)

    @property
    def private_services(self) -> frozenset[tuple[str, int]]:
        """Host and port of each service inside the network."""
        return frozenset((h, int(p)) for h, _, p in (e.rpartition(":") for e in self.fetch_private))

    @property
    def secure_cookies(self) -> bool:
        """Whether people come in over TLS."""
        return urlsplit(self.public_url).scheme == "https"


def load(data: Path | None = None, **values: Any) -> Settings:
    """Read the settings; `data` is what `--data` said.

    Raises:
        pydantic.ValidationError: a setting that means nothing.
        ValueError: a secret file that cannot be read.

    """
    if data is not None:
        values["data"] = data
    return Settings(**values)


def reference() -> str:
    """Return the page of all settings, as Markdown."""
    rows = []
    for name, info in Settings.model_fields.items():
        default = info.default
        if isinstance(default, SecretStr) or default is None or default == "":
            shown = ""
        elif isinstance(default, tuple):
            shown = ", ".join(default)
        else:
            shown = str(default)
        cell = f"`{shown}`" if shown else "–"
        rows.append(f"| `{PREFIX}{name.upper()}` | {cell} | {info.description} |")
    return "\n".join(
        [
            "# Thiết đặt / Settings",
            "",
            (
                "Đặt bằng biến môi trường. Thêm `_FILE` vào tên để đọc giá trị từ một tệp "
                "(bí mật). `--data DIR` trên dòng lệnh thay cho `ANTIN_DATA`."
            ),
            "",
            (
                "Set in the environment. With `_FILE` added to the name, the value is read from "
                "the file named (secrets). `--data DIR` on the command line stands for ANTIN_DATA."
            ),
            "",
            "| name | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - this is how the page is made
