"""The three screens in a real browser: on a phone and on a desktop, by mouse, by keys, bare."""

import os
import re
from itertools import pairwise
from pathlib import Path

import pytest

GOOD, UNSIGNED, SEALED, ALTERED, DIFFERS = 2, 5, 1, 8, 10
"""Numbers of sample documents; see `api.demo.TREATMENTS`."""
REAL = [
    ("61eeb83d71e6", ["1", "2", "3–5", "6"], "Đóng số văn bản: «826»"),
    ("1e063e5adff5", ["1"], "không phải người ký văn bản"),
]
"""Published documents; they stay outside of the repository."""


def check(window, path):
    page = window.go("/verify")
    page.set_input_files("#file", path)
    page.wait_for_url("**/verify/*")
    return page


def open_sample(window, number):
    page = window.go("/sign")
    page.click(f"button[name=sample] >> nth={number - 1}")
    page.wait_for_url("**/sign/*")
    return page


def sign(page, pin="123456"):
    page.fill("#pin", pin)
    page.click("#approve button[type=submit]")
    page.wait_for_url("**/signed")


def number(page, name):
    return float(page.input_value(f"#placing [name={name}]"))


# -- seen


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_checking_a_signature(desk, demo, pictures, width):
    window = desk(width)
    window.go("/verify")
    window.picture(pictures / f"verify-{width}.png")
    for name, sample, words in (
        ("valid", SEALED, "Văn bản nguyên vẹn, chữ ký số hợp lệ."),
        ("altered", ALTERED, "Văn bản đã bị thay đổi sau khi ký."),
        ("unsigned", UNSIGNED, "Văn bản này không có chữ ký số."),
        ("differs", DIFFERS, "Văn bản nguyên vẹn, chữ ký số hợp lệ."),
    ):
        page = check(window, demo.sample(sample))
        assert page.inner_text("h1") == words
        assert page.locator(".page img").first.evaluate("i => i.complete && i.naturalWidth > 0")
        assert window.fits()
        window.picture(pictures / f"verdict-{name}-{width}.png")
    assert page.locator(".beside div").count() >= 2, "what page and signature say, side by side"
    check(window, demo.sample(SEALED))
    assert page.locator("svg.over .box").count() == 2, "one frame per signature"
    with page.expect_download() as download:
        page.click("text=Tải báo cáo (PDF)")
    assert download.value.path().read_bytes().startswith(b"%PDF")
    assert window.violations() == []


@pytest.mark.skipif("ANTIN_CORPUS" not in os.environ, reason="ANTIN_CORPUS names no folder")
@pytest.mark.parametrize("width", ["phone", "desktop"])
@pytest.mark.parametrize(("name", "steps", "role"), REAL, ids=[r[0] for r in REAL])
def test_a_real_document_of_many_signatures(desk, pictures, width, name, steps, role):
    """Initials, leader, number, day, month, seal: nobody trusted here, and yet readable."""
    window = desk(width)
    page = check(window, Path(os.environ["ANTIN_CORPUS"]) / "vnpdf" / f"{name}.pdf")
    assert page.inner_text("h1") == "Văn bản nguyên vẹn, nhưng chưa đủ căn cứ để tin chữ ký."
    assert page.locator(".signers .order").all_inner_texts() == steps
    assert role in page.inner_text(".signers")
    assert window.fits()
    window.picture(pictures / f"verdict-real-{name}-{width}.png")


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_document_that_wants_to_break_us(desk, pictures, tmp_path, width):
    window = desk(width)
    bomb = tmp_path / "bom.pdf"
    bomb.write_bytes(b"%PDF-1.7\n" + b"1 0 obj\n" + b"[" * 200_000 + b"\nendobj\n%%EOF\n")
    page = check(window, bomb)
    assert page.inner_text("h1") == "Không đọc được tệp này."
    assert page.locator(".remedy").count() == 1
    assert window.fits()
    window.picture(pictures / f"verdict-hostile-{width}.png")


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_several_files_fill_a_table(desk, demo, pictures, width):
    window = desk(width)
    page = window.go("/verify")
    samples = [demo.sample(n) for n in (SEALED, GOOD, UNSIGNED, ALTERED, 4, 6)]
    page.set_input_files("#file", samples)
    page.wait_for_url("**/verify/batch/*")
    page.wait_for_selector("[data-live][data-finished]")
    assert page.locator(".batch tbody tr").count() == len(samples)
    assert page.locator(".batch tr.bad").count() == 1
    assert "6/6" in page.title()
    assert window.fits()
    window.picture(pictures / f"batch-{width}.png")
    page.click(".batch th a >> nth=0")
    page.wait_for_url(re.compile(r"/verify/[\w-]{22}$"))
    assert page.inner_text("h1") == "Văn bản nguyên vẹn, chữ ký số hợp lệ."
    assert window.violations() == []


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_the_signed_page_beside_the_current_one(desk, demo, pictures, width):
    window = desk(width)
    page = check(window, demo.sample(SEALED))
    page.click(".compare-link a")
    page.wait_for_url("**/compare/1")
    assert page.locator(".sides img").count() >= 2
    assert window.fits()
    window.picture(pictures / f"compare-{width}.png")
    assert window.violations() == []


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_searching_the_archive(desk, pictures, width):
    window = desk(width)
    window.log_in("luutru")
    page = window.go("/search")
    page.fill("#q", "chu ky so")
    page.press("#q", "Enter")
    page.wait_for_url("**/search?q=*")
    assert page.locator(".results > li").count() >= 3
    assert page.locator("mark").count() >= 1
    assert window.fits()
    window.picture(pictures / f"search-{width}.png")
    page.click(".results h2 a >> nth=0")
    page.wait_for_url("**/records/*")
    assert window.fits()
    window.picture(pictures / f"record-{width}.png")
    with page.expect_download() as download:
        page.click("text=Tải bản gốc")
    assert download.value.path().read_bytes().startswith(b"%PDF")
    assert window.violations() == []


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_signing_a_document(desk, pictures, width):
    window = desk(width)
    window.log_in()
    window.picture(pictures / f"home-{width}.png")
    window.go("/sign")
    window.picture(pictures / f"sign-{width}.png")
    page = open_sample(window, 1)
    assert page.locator("image.art").evaluate("i => i.getBBox().width > 0")
    assert window.fits()
    window.picture(pictures / f"approve-{width}.png")
    sign(page)
    assert page.inner_text("h1") == "Đã ký xong"
    assert page.inner_text("#verdict-sentence") == "Văn bản nguyên vẹn, chữ ký số hợp lệ."
    assert window.fits()
    window.picture(pictures / f"signed-{width}.png")
    page.click("button:has-text('Lưu vào kho')")
    page.wait_for_url("**/records/*")
    assert window.violations() == []


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_an_administrator_opens_an_account(desk, pictures, width):
    window = desk(width)
    window.log_in("quantri")
    page = window.go("/accounts")
    page.fill("#new-account", f"van-thu-{width}")
    page.fill("#full_name", "Lý Thị Thử")
    page.check("text=Văn thư >> visible=true >> nth=-1")
    page.click("form button:has-text('Mở tài khoản')")
    assert len(page.inner_text(".secret")) == 19
    assert window.fits()
    window.picture(pictures / f"accounts-{width}.png")
    page.click(f".papers a:has-text('van-thu-{width}')")
    assert window.fits()
    window.picture(pictures / f"account-{width}.png")
    assert window.violations() == []


@pytest.mark.parametrize("path", ["/", "/verify", "/login"])
def test_pages_reflow_on_the_narrowest_screen(desk, path):
    """WCAG 1.4.10: 320 CSS pixels, which is also a desktop at 400 %."""
    window = desk((320, 640))
    window.go(path)
    assert window.fits()


def test_the_dark_is_dark_and_paper_stays_white(desk, demo, pictures):
    window = desk("desktop", color_scheme="dark")
    page = check(window, demo.sample(SEALED))
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", background)[:3])) < 150
    assert (
        page.locator(".paper").first.evaluate("p => getComputedStyle(p).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    window.picture(pictures / "verdict-valid-dark.png")


def test_a_printed_verdict_has_no_buttons(desk, demo):
    window = desk()
    page = check(window, demo.sample(SEALED))
    page.emulate_media(media="print")
    assert not page.locator("nav.tabs").is_visible()
    assert not page.locator("text=Kiểm tra tệp khác").is_visible()
    assert page.locator("#verdict-sentence").is_visible()


# -- by mouse


def test_the_signature_lands_where_it_was_dragged(desk):
    window = desk()
    window.log_in()
    page = open_sample(window, 1)
    before = number(page, "left"), number(page, "top")
    frame = page.locator(".place")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 120, y - 90, steps=6)
    page.mouse.up()
    after = number(page, "left"), number(page, "top")
    assert after[0] < before[0] - 10
    assert after[1] < before[1] - 10
    shown = [float(frame.get_attribute(name)) for name in ("x", "y", "width", "height")]
    sign(page)
    signed = page.locator("svg.over .box").first
    landed = [float(signed.get_attribute(name)) for name in ("x", "y", "width", "height")]
    # The form speaks in tenths of a millimetre.
    assert landed == pytest.approx(shown, abs=0.5)


def test_a_corner_makes_the_frame_larger_and_keeps_its_shape(desk):
    window = desk()
    window.log_in()
    page = open_sample(window, 1)
    width, height = number(page, "width"), number(page, "height")
    grip = page.locator(".grip")
    grip.scroll_into_view_if_needed()
    at = grip.bounding_box()
    page.mouse.move(at["x"] + 5, at["y"] + 5)
    page.mouse.down()
    page.mouse.move(at["x"] + 45, at["y"] + 25, steps=4)
    page.mouse.up()
    assert number(page, "width") > width + 3
    assert number(page, "width") / number(page, "height") == pytest.approx(width / height, rel=0.02)


def test_a_file_can_be_dropped(desk, demo):
    window = desk()
    page = window.go("/verify")
    content = list(demo.sample(GOOD).read_bytes())
    transfer = page.evaluate_handle(
        """(bytes) => { const t = new DataTransfer();
        t.items.add(new File([new Uint8Array(bytes)], "thả.pdf", {type: "application/pdf"})); return t; }""",
        content,
    )
    page.dispatch_event("form.drop", "drop", {"dataTransfer": transfer})
    page.wait_for_url("**/verify/*")
    assert "thả.pdf" in page.inner_text(".verdict")


def test_a_file_above_the_limit_is_not_even_sent(desk):
    window = desk()
    page = window.go("/verify")
    page.evaluate("document.querySelector('[data-upload]').dataset.limit = '10'")
    page.set_input_files(
        "#file", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF" * 10}
    )
    assert "Tệp lớn hơn giới hạn" in page.inner_text("[data-words]")
    assert page.url.endswith("/verify")


def test_a_wrong_pin_says_so_and_the_place_is_kept(desk):
    window = desk()
    window.log_in()
    page = open_sample(window, 1)
    page.focus(".place")
    page.keyboard.press("ArrowLeft")
    left = number(page, "left")
    page.fill("#pin", "000000")
    page.click("#approve button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert "không đúng" in page.inner_text("[role=alert]")
    assert page.input_value("#pin") == ""
    assert page.evaluate("document.activeElement.id") == "pin"
    assert number(page, "left") == left
    # The browser itself reports the 422 that this answer is.
    window.complaints[:] = [c for c in window.complaints if "status of 422" not in c]


# -- by keys


def test_a_document_is_signed_without_a_mouse(desk):
    window = desk()
    page = window.go("/login")
    page.keyboard.type("chutich")
    page.keyboard.press("Tab")
    page.keyboard.type(window.demo.passwords["chutich"])
    page.keyboard.press("Enter")
    page.wait_for_url(window.demo.address + "/")

    def reach(selector, limit=80):
        for _ in range(limit):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached with Tab")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0, "the skip link shows itself"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reach('a[href="/sign"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign")
    reach("button[name=sample]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign/*")
    top = number(page, "top")
    reach(".place")
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    assert number(page, "top") == pytest.approx(top - 13, abs=0.05)
    reach("#pin")
    page.keyboard.type("123456")
    page.keyboard.press("Enter")
    page.wait_for_url("**/signed")
    assert page.inner_text("h1") == "Đã ký xong"


@pytest.mark.parametrize("path", ["/verify", "/login", "/search", "/sign"])
def test_whatever_has_the_focus_shows_it(desk, path):
    window = desk()
    window.log_in()
    page = window.go(path)
    seen = 0
    for _ in range(25):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => { const e = document.activeElement; if (e === document.body) return null;
            const mark = e.matches(".picker input") ? e.nextElementSibling : e;
            const s = getComputedStyle(mark); return {name: e.outerHTML.slice(0, 80), width: parseFloat(s.outlineWidth), style: s.outlineStyle}; }"""
        )
        if focused is None:
            break
        seen += 1
        assert focused["style"] != "none", focused
        assert focused["width"] >= 2, focused
    assert seen > 5


# -- bare


def test_everything_works_without_scripts(desk, demo, pictures):
    window = desk("phone", scripts=False)
    page = window.go("/verify")
    page.set_input_files("#file", demo.sample(SEALED))
    page.click("text=Kiểm tra >> visible=true >> nth=-1")
    page.wait_for_url("**/verify/*")
    assert page.inner_text("h1") == "Văn bản nguyên vẹn, chữ ký số hợp lệ."
    window.log_in()
    page = open_sample(window, 3)
    page.click("summary:has-text('Vị trí theo số đo')")
    page.fill("#left", "30")
    page.fill("#top", "40")
    page.click("text=Xem lại vị trí")
    page.wait_for_url("**left=30*")
    assert float(page.get_attribute(".place", "x")) == pytest.approx(30 * 72 / 25.4, abs=0.1)
    window.picture(pictures / "approve-without-scripts-phone.png")
    sign(page)
    assert page.inner_text("h1") == "Đã ký xong"
    box = page.locator("svg.over .box").first
    assert float(box.get_attribute("x")) == pytest.approx(30 * 72 / 25.4, abs=0.3)
    page.click("button:has-text('Lưu vào kho')")
    page.wait_for_url("**/records/*")
    page = window.go("/search")
    page.fill("#q", "57/tb-ubnd")
    page.click("button:has-text('Tìm')")
    assert page.locator(".results > li").count() >= 1


# -- for everyone


SCREENS = ["/", "/verify", "/login", "/search?q=chu+ky", "/sign", "/nowhere"]


@pytest.fixture
def screen(desk):
    """Open a screen by its path; the last two are reached by doing something."""

    def show(path, width="phone"):
        window = desk(width)
        if path == "verdict":
            check(window, window.demo.sample(SEALED))
            return window
        if path not in ("/login", "/nowhere"):
            window.log_in()
        if path == "approve":
            open_sample(window, 1)
        else:
            window.go(path)
        if path == "/nowhere":
            window.complaints.clear()  # the browser reports the 404 that was asked for
        return window

    return show


@pytest.mark.parametrize("path", [*SCREENS, "verdict", "approve"])
def test_a_screen_reader_finds_its_way(screen, path):
    page = screen(path).page
    assert page.get_attribute("html", "lang") == "vi"
    assert page.locator("main").count() == 1
    assert page.locator("header").count() == 1
    assert page.locator("h1").count() == 1
    assert page.title().endswith("Ấn Tín")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
        .filter((e) => !e.labels?.length && !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby"))
        .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    silent = page.evaluate(
        """() => [...document.querySelectorAll("a, button")]
        .filter((e) => !(e.innerText.trim() || e.getAttribute("aria-label") || e.textContent.trim()))
        .map((e) => e.outerHTML)"""
    )
    assert silent == []
    assert page.locator("img:not([alt])").count() == 0
    assert page.evaluate(
        "[...document.querySelectorAll('[tabindex]')].every((e) => e.tabIndex <= 0)"
    )
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map((e) => Number(e.tagName[1]))"
    )
    assert all(b - a <= 1 for a, b in pairwise(levels)), levels
    references = page.evaluate(
        """() => [...document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]")]
        .flatMap((e) => [e.getAttribute("aria-labelledby"), e.getAttribute("aria-describedby"), e.getAttribute("for")])
        .filter(Boolean).filter((id) => !document.getElementById(id))"""
    )
    assert references == []


@pytest.mark.parametrize("path", [*SCREENS, "verdict", "approve"])
def test_what_a_finger_must_hit_is_large_enough(screen, path):
    """44 px for controls; links inside a sentence are exempt (WCAG 2.5.8, 2.5.5)."""
    page = screen(path).page
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=hidden]):not([type=radio]), select, summary, .tabs a, .who a, .button, label.choice, .papers a")]
        .filter((e) => e.offsetParent !== null)
        .map((e) => ({ html: e.outerHTML.slice(0, 90), box: e.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
        .map(({ html, box }) => `${html} ${box.width}x${box.height}`)"""
    )
    assert small == []


def test_the_verdict_is_told_by_shape_and_words_not_by_colour_alone(desk, demo):
    window = desk()
    seen = set()
    for sample in (SEALED, ALTERED, UNSIGNED):
        page = check(window, demo.sample(sample))
        seen.add(
            (
                page.inner_text("h1"),
                page.locator(".verdict > .shape .body").evaluate(
                    "e => e.tagName + (e.getAttribute('d') ?? '')"
                ),
            )
        )
    assert len({words for words, _ in seen}) == 3
    assert len({shape for _, shape in seen}) == 3


def test_text_keeps_its_contrast_as_painted(desk, demo):
    """The palette is computed elsewhere; this looks at what the page really uses."""
    window = desk()
    page = check(window, demo.sample(ALTERED))
    weak = page.evaluate(
        """() => {
        const parse = (c) => (c.match(/[\\d.]+/g) ?? []).map(Number);
        const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
        const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
        const found = [];
        for (const e of document.querySelectorAll("body *")) {
          if (!e.offsetParent || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
          const a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 80)}`);
        }
        return found; }"""
    )
    assert weak == []


def test_nothing_moves_for_who_asked_for_stillness(desk):
    window = desk(reduced_motion="reduce")
    page = window.go("/verify")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0 || parseFloat(getComputedStyle(e).animationDuration) > 0).length"
    )
    assert moving == 0


@pytest.mark.parametrize(
    "name",
    ["<img src=x onerror=alert(1)>.pdf", "<script>alert(1)</script>.pdf", "'-alert(1)-'.pdf"],
)
def test_a_hostile_file_name_does_nothing(desk, demo, name):
    window = desk()
    page = window.go("/verify")
    content = demo.sample(UNSIGNED).read_bytes()
    page.set_input_files("#file", {"name": name, "mimeType": "application/pdf", "buffer": content})
    page.wait_for_url("**/verify/*")
    assert name.rsplit("/", 1)[-1] in page.inner_text(".verdict")
    assert window.violations() == []


def test_the_demo_lets_people_in_with_one_click(desk):
    window = desk("phone")
    page = window.go("/login")
    page.click("text=Vào >> nth=2")
    page.wait_for_url(window.demo.address + "/")
    assert "Vũ Thị Minh" in page.inner_text("h1")
    page.click("[aria-label='Đăng xuất']")
    page.wait_for_load_state()
    assert "Đăng nhập" in page.inner_text(".who")
