"""The signed pages beside the current ones, as a browser without scripts gets them."""

import io
import re
import sys
from pathlib import Path

import pytest
from browsing import Browser
from PIL import Image, ImageChops

sys.path.append(str(Path(__file__).parents[2] / "signer" / "picture"))
from promissory import annotated, said
from vectors.make import base, sign, stream, update
from vectors.pki import NOW, pki
from vectors.registry import trusting

from api.web.i18n import Language, texts
from api.web.views.compare import compare_view
from api.web.views.verdict import Tone
from office.flows.pictured import SideBySide
from signer.picture import PictureComparison, PictureVerdict
from signer.validation.document import validate
from signer.validation.job import ValidationRequest


def signed(**how):
    return sign(base(), pki().leader, **how)


def altered():
    return update(signed(), {5: stream(said("Pay 9,000"))})


def sealed():
    return sign(signed(certify=2), pki().seal, name="Seal", box=(300, 100, 400, 200))


def hidden():
    look = b"1 1 1 rg 0 0 150 40 re f"
    return annotated(signed(certify=3), rect=(70, 690, 220, 730), look=look)


def compared(browser, pdf):
    """Check a file and follow the way to its pages side by side."""
    verdict = browser.check(pdf, "x.pdf")
    (address,) = [link for link in verdict.links if link and re.search(r"/compare/1$", link)]
    return browser.get(address)


def picture(browser, address):
    answer = browser.client.get(address)
    assert answer.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


def test_an_altered_document_is_shown_as_it_was_signed_and_as_it_is(stranger):
    page = compared(stranger, altered())
    assert page.status == 200
    assert "Trang hiện nay khác trang đã ký, ở chỗ không được phép." in page.text
    assert "Khác, không rõ vì sao" in page.text
    then, now = (src for src in page.images if "/pages/1-" in src)
    assert "/compare/1/" in then
    assert "/compare/" not in now
    difference = ImageChops.difference(picture(stranger, then), picture(stranger, now))
    left, top, right, bottom = difference.getbbox()
    assert top < 0.2 * difference.height
    assert bottom < 0.2 * difference.height
    assert right < 0.4 * difference.width
    assert left > 0


def test_a_seal_that_came_later_is_named(stranger):
    page = compared(stranger, sealed())
    assert "Chỉ khác ở những chỗ được phép thêm." in page.text
    assert re.search(r"Chữ ký số · \S+|Con dấu của cơ quan · \S+", page.text)
    boxes = [a for tag, a in page.elements if tag == "rect" and "box good" in a.get("class", "")]
    assert [float(b["x"]) for b in boxes] == [300, 300], "on both sides"
    assert [float(b["y"]) for b in boxes] == [642, 642], "from the top"


def test_text_hidden_by_a_note_is_told_in_both_languages(stranger):
    assert "Phần thêm vào che mất nội dung đã ký." in compared(stranger, hidden()).text
    english = Browser(stranger.address, **{"accept-language": "en"})
    page = compared(english, hidden())
    english.client.close()
    assert "What was added hides signed content." in page.text
    assert "Signed content is hidden" in page.text


def test_a_page_that_was_added_has_nothing_beside_it(stranger):
    pdf = signed()
    more = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"
    pdf = update(pdf, {2: b"<</Type/Pages/Kids[3 0 R 50 0 R]/Count 2>>", 50: more})
    page = compared(stranger, pdf)
    assert "Số trang không còn như lúc ký." in page.text
    assert "Lúc ký có 1 trang, hiện nay có 2 trang." in page.text
    assert "Không có trang này." in page.text
    assert [src for src in page.images if "/pages/2-" in src]


def test_where_nothing_changed_there_is_nothing_to_compare(stranger):
    verdict = stranger.check(signed(), "x.pdf")
    assert not [link for link in verdict.links if link and "/compare/" in link]
    for order in (0, 1, 2, -1, 10**9):
        assert stranger.get(f"{verdict.response.url}/compare/{order}").status == 404


@pytest.mark.parametrize("what", ["", "/pages/1-900.png"])
def test_it_opens_only_in_the_browser_that_sent_the_file(stranger, what):
    page = compared(stranger, altered())
    thief = Browser(stranger.address)
    assert thief.get(f"{page.response.url}{what}").status == 404
    thief.client.close()


@pytest.mark.parametrize("image", ["0-900", "99-900", "1-7", "1-999999"])
def test_odd_images_are_refused(stranger, image):
    page = compared(stranger, altered())
    assert 400 <= stranger.get(f"{page.response.url}/pages/{image}.png").status < 500


@pytest.mark.parametrize("verdict", [*PictureVerdict, None])
@pytest.mark.parametrize("make", [altered, sealed, hidden])
def test_the_picture_is_never_kinder_than_the_report(make, verdict):
    request = ValidationRequest(trust=trusting(pki().root.der), at=NOW)
    report = validate(make(), request)
    comparison = PictureComparison(field_name="Sig1", verdict=verdict)
    beside = SideBySide(reach=1, comparison=comparison, sizes=None)
    for language in Language:
        view = compare_view(beside, report, 1, None, "/verify/x", texts(language))
        assert view.headline
        if report.signatures[0].changes_after == "FORBIDDEN":
            assert view.tone in (Tone.BAD, Tone.NEUTRAL)
        assert (view.tone is Tone.GOOD) <= (report.signatures[0].changes_after == "PERMITTED")
