"""The fields of an outgoing document: what is prepared for whom, and what became of it.

1. All fields are made in the revision of the first signature (design.md D5): a form that grows
   later would be an unsigned update, or a change that a strict reader does not expect.
2. Their names are fixed, so that whoever gets the document next finds them again.
3. Text fields are empty until the seal's revision fills them, values and appearances together. The
   /DA of each keeps the size and the slant of the page's own text for that day.
4. The seal's field carries the /Lock that its signature turns into a FieldMDP: number, date and
   the place for initials. Not everything: other agencies may still have to sign.

This module is light: it may be imported anywhere. The work is in `signer.forming`, in the child.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from signer import limits
from signer.jobs import JobSpec
from signer.validation.report import Box


class FieldUse(StrEnum):
    """What a field is for. The value is the field's name in the PDF."""

    INITIALS = "KyNhay"
    LEADER = "NguoiKy"
    NUMBER = "So"
    DAY = "Ngay"
    MONTH = "Thang"
    YEAR = "Nam"
    SEAL = "CoQuan"


TEXTS: Final = (FieldUse.NUMBER, FieldUse.DAY, FieldUse.MONTH, FieldUse.YEAR)
LOCKED: Final = (*TEXTS, FieldUse.INITIALS)
"""What the seal locks, as far as the document has it."""

TITLES: Final = {
    FieldUse.INITIALS: "Chữ ký nháy",
    FieldUse.LEADER: "Chữ ký của người có thẩm quyền",
    FieldUse.NUMBER: "Số văn bản",
    FieldUse.DAY: "Ngày",
    FieldUse.MONTH: "Tháng",
    FieldUse.YEAR: "Năm",
    FieldUse.SEAL: "Chữ ký số của cơ quan",
}
"""What a reader program calls them (/TU)."""

DEFAULT_SIZE: Final = 13.0
"""Points; what Nghị định 30/2020, Phụ lục I, prescribes for number and date is 13 to 14."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewField:
    """A field to be made."""

    use: FieldUse
    box: Box
    size: float = DEFAULT_SIZE
    """Points; of a text field."""
    italic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValue:
    """What a text field is to say."""

    use: FieldUse
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundField:
    """A field that a document has."""

    use: FieldUse
    box: Box
    filled: bool
    """Signed, or holding any value or appearance text."""
    value: str | None = None
    """Of a text field."""
    size: float = DEFAULT_SIZE
    italic: bool = False
    locks: tuple[str, ...] = ()
    """Names of the fields that a signature in it will lock (rule 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsRequest:
    """Every field of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFields:
    """What was found, in the order of `FieldUse`."""

    fields: tuple[FoundField, ...]
    units: tuple[float, ...] = ()
    """/UserUnit of each page. Boxes of fields count it in; words and pictures of pages do not."""

    def get(self, use: FieldUse) -> FoundField | None:
        """Return the field for `use`, if the document has one."""
        return next((f for f in self.fields if f.use is use), None)


# Raises PdfRejectedError (`file.damaged`, …) and PlacementError: a field that we cannot use.
READ_FIELDS = JobSpec("signer.forming:read_fields_job", FieldsRequest, FoundFields, limits.PREPARE)
