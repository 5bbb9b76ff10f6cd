"""Runs migrations: on the connection that `migrate` hands over, or on `-x url=…` by hand."""

import importlib

from alembic import context
from sqlalchemy import Connection

from archive.catalogue.database import open_database, writing
from archive.catalogue.tables import metadata

# The rooms above add their tables to the same metadata when they are imported; by name, because
# this file belongs to the house and not to the archive, which knows nothing of them.
importlib.import_module("office.tables")


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the full-text tables: they exist in one dialect each (archive.catalogue.tables)."""
    return not (kind == "table" and name is not None and name.startswith("search_"))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=_ours,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with writing(open_database(context.get_x_argument(as_dictionary=True)["url"])) as opened:
        _run(opened)
