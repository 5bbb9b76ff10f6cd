"""Where a signature would go: for an official document, where Nghị định 30 puts it."""

from datetime import UTC, date, datetime

import pytest

from office.extract.fields import Extracted, Field
from office.model import Verification
from office.placing import SIZES, place
from signer.appearance import AppearanceKind
from signer.render import PageSize, PageSizes
from signer.validation.report import (
    Box,
    ChangesAfter,
    Indication,
    Integrity,
    Reason,
    SignatureKind,
    SignatureReport,
    ValidationReport,
)

A4 = (595.0, 842.0)


def sizes(pages=3):
    return PageSizes(
        page_count=pages,
        pages=tuple(PageSize(page=n, width=A4[0], height=A4[1]) for n in range(1, pages + 1)),
    )


def found(name_box=None, *signature_boxes):
    signatures = tuple(
        SignatureReport(
            field_name=f"S{n}",
            kind=SignatureKind.SIGNATURE,
            indication=Indication.INDETERMINATE,
            sub_indication="NO_POE",
            integrity=Integrity.INTACT,
            changes_after=ChangesAfter.NONE,
            signer=None,
            level=None,
            claimed_signing_time=None,
            best_signature_time=None,
            digest_algorithm=None,
            box=box,
        )
        for n, box in enumerate(signature_boxes)
    )
    reason = Reason(code="x", vi="x", en="x", remedy_vi="", remedy_en="")
    report = ValidationReport(
        sha256="",
        size=1,
        integrity=Integrity.INTACT if signatures else Integrity.UNSIGNED,
        indication=Indication.INDETERMINATE if signatures else None,
        reasons=(reason,),
        signatures=signatures,
        validation_time=datetime(2026, 1, 1, tzinfo=UTC),
        trust_digest="",
        policy_digest="",
        software="",
    )
    name = None if name_box is None else Field("Nguyễn Văn Mẫu", 1.0, name_box)
    read = Extracted(
        so_ky_hieu=None,
        ngay_ban_hanh=Field(date(2026, 1, 1), 1.0, None),
        co_quan_ban_hanh=None,
        loai_van_ban=None,
        trich_yeu=None,
        nguoi_ky=name,
    )
    return Verification(report=report, extracted=read, seconds=0)


def inside(box):
    return 0 <= box.x1 < box.x2 <= A4[0] and 0 <= box.y1 < box.y2 <= A4[1]


def test_the_person_signs_centred_over_the_printed_name():
    name = Box(page=2, x1=380, y1=200, x2=480, y2=213)
    box = place(AppearanceKind.LEADER, sizes(), found(name))
    assert box.page == 2
    assert (box.x1 + box.x2) / 2 == pytest.approx(430)
    assert 0 < box.y1 - name.y2 < 10
    assert (box.x2 - box.x1, box.y2 - box.y1) == pytest.approx(SIZES[AppearanceKind.LEADER])


def test_the_seal_covers_the_left_third_of_the_persons_signature():
    hand = Box(page=2, x1=360, y1=220, x2=484, y2=286)
    box = place(AppearanceKind.SEAL, sizes(), found(None, hand))
    assert box.page == 2
    assert box.x2 == pytest.approx(360 + 124 / 3)
    assert (box.y1 + box.y2) / 2 == pytest.approx((220 + 286) / 2)


def test_a_seal_before_the_signature_goes_where_it_will_cover_it():
    name = Box(page=1, x1=380, y1=200, x2=480, y2=213)
    hand = place(AppearanceKind.LEADER, sizes(), found(name))
    box = place(AppearanceKind.SEAL, sizes(), found(name))
    assert box.x2 == pytest.approx(hand.x1 + (hand.x2 - hand.x1) / 3)


def test_what_the_maker_of_the_document_says_comes_first():
    known = Box(page=1, x1=10, y1=20, x2=134, y2=86)
    assert (
        place(
            AppearanceKind.LEADER, sizes(), found(Box(page=2, x1=1, y1=1, x2=9, y2=9)), known=known
        )
        == known
    )


def test_a_second_hand_is_not_put_over_the_first():
    hand = Box(page=2, x1=360, y1=220, x2=484, y2=286)
    assert place(AppearanceKind.LEADER, sizes(), found(None, hand), known=hand) != hand


@pytest.mark.parametrize("kind", [AppearanceKind.LEADER, AppearanceKind.SEAL])
def test_where_nothing_was_found_it_goes_to_the_last_page(kind):
    box = place(kind, sizes(5), found())
    assert box.page == 5
    assert inside(box)
    assert box.x1 > A4[0] / 3


@pytest.mark.parametrize(
    "name",
    [
        Box(page=1, x1=560, y1=835, x2=595, y2=842),
        Box(page=1, x1=0, y1=0, x2=5, y2=5),
        Box(page=9, x1=100, y1=100, x2=200, y2=110),
    ],
)
def test_a_name_at_the_edge_or_on_no_page_never_leads_off_the_paper(name):
    assert inside(place(AppearanceKind.LEADER, sizes(), found(name)))
