"""Rows of people and work. The metadata is the catalogue's: one schema, one line of migrations.

Importing this package makes that metadata complete.
"""

from archive.catalogue.tables import metadata
from office.tables import people, work

__all__ = ["metadata", "people", "work"]
