import threading

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from archive.catalogue.database import migrate, open_database, reading
from office.tables import metadata


def ours(name, kind, _parents):
    return not (kind == "table" and name.startswith("search_"))


def test_the_migrations_make_exactly_the_schema_that_the_code_uses(engine):
    with reading(engine) as connection:
        options = {"include_name": ours, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_names_of_constraints_follow_the_convention(engine):
    """compare_metadata does not look at check constraints and names of keys."""
    found = sa.MetaData()
    found.reflect(engine, only=lambda name, _: name in metadata.tables)
    for table in metadata.sorted_tables:
        reflected = found.tables[table.name]
        wanted = {
            c.name
            for c in table.constraints
            if isinstance(c, sa.CheckConstraint | sa.UniqueConstraint)
        }
        have = {c.name for c in reflected.constraints}
        have |= {i.name for i in reflected.indexes if i.unique}
        assert {str(n) for n in wanted if n} <= {str(n) for n in have if n}, table.name


def test_migrating_twice_changes_nothing(engine):
    migrate(engine)


def test_processes_that_start_together_migrate_once(database_url):
    engines = [open_database(database_url) for _ in range(4)]
    errors = []

    def run(engine):
        try:
            migrate(engine)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is the finding
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    assert errors == []
