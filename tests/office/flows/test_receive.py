"""What a person states wins over what was read, field by field."""

from datetime import date

import pytest

from archive.model import DocumentMetadata
from office.errors import MetadataInvalidError
from office.extract.fields import Extracted, Field
from office.flows.receive import merged, metadata_from_json


def read(**values):
    empty = dict.fromkeys(
        ("so_ky_hieu", "ngay_ban_hanh", "co_quan_ban_hanh", "loai_van_ban", "trich_yeu", "nguoi_ky")
    )
    fields = {k: Field(value=v, confidence=1.0, box=None) for k, v in values.items()}
    return Extracted(**(empty | fields))


def test_each_field_says_where_it_came_from():
    found = merged(
        read(so_ky_hieu="1/QĐ", ngay_ban_hanh=date(2026, 1, 2), trich_yeu="Về việc"),
        DocumentMetadata(so_ky_hieu="2/QĐ", nguoi_ky="An"),
    )
    assert (found.so_ky_hieu, found.ngay_ban_hanh) == ("2/QĐ", date(2026, 1, 2))
    assert (found.trich_yeu, found.nguoi_ky, found.loai_van_ban) == ("Về việc", "An", None)
    assert found.sources == {
        "so_ky_hieu": "given",
        "ngay_ban_hanh": "page",
        "trich_yeu": "page",
        "nguoi_ky": "given",
    }


def test_a_page_that_was_not_read_and_nothing_stated_is_nothing_known():
    assert merged(None, None) == DocumentMetadata(sources={})


def test_empty_means_not_stated():
    given = metadata_from_json(b'{"so_ky_hieu": "", "trich_yeu": null, "nguoi_ky": "An"}')
    assert given == DocumentMetadata(nguoi_ky="An")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        '{"so": "x"}',
        '{"so_ky_hieu": 7}',
        '{"ngay_ban_hanh": "1/2/2026"}',
        '{"ngay_ban_hanh": "2026-02-30"}',
        '{"trich_yeu": "' + "x" * 2001 + '"}',
        "[" * 100_000,
        "\xff",
    ],
)
def test_metadata_that_mean_nothing_are_refused(text):
    with pytest.raises(MetadataInvalidError):
        metadata_from_json(text.encode("latin-1", "replace"))
