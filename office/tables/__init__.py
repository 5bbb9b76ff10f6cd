"""Rows of people, work and gathered evidence.

The metadata is the catalogue's: one schema, one line of migrations. Importing this package makes
that metadata complete.
"""

from archive.catalogue.tables import metadata
from office.tables import evidence, people, work

__all__ = ["evidence", "metadata", "people", "work"]
