"""Every sentence exists in both languages, and each reader gets theirs."""

import io
import re
import shutil
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api.web.i18n import LOCALE, Language, texts

WEB = LOCALE.parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
VIETNAMESE = re.compile(
    r"[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE
)


def sentences():
    """Return all message ids of pages and templates; plural ones as tuples."""
    found = set()
    options = {"templates/**.html": {"silent": "false"}}
    for _, _, message, _, _ in extract_from_dir(WEB, METHODS, options_map=options):
        found.add(message)
    return found


def catalogue():
    with (LOCALE / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {m.id if isinstance(m.id, str) else tuple(m.id): m for m in read_po(file) if m.id}


def test_every_sentence_is_translated_and_nothing_else_is():
    spoken, written = sentences(), catalogue()
    assert len(spoken) > 200
    assert sorted(map(str, spoken - set(written))) == []
    assert sorted(map(str, set(written) - spoken)) == []


def test_translations_keep_their_placeholders():
    for message in catalogue().values():
        wanted = set(re.findall(r"%\((\w+)\)s", str(message.id)))
        for text in [message.string] if isinstance(message.string, str) else message.string:
            assert text, message.id
            assert set(re.findall(r"%\((\w+)\)s", text)) == wanted, text


def test_english_sentences_are_english():
    for message in catalogue().values():
        for text in [message.string] if isinstance(message.string, str) else message.string:
            left = text.replace("Ấn Tín", "")
            assert not VIETNAMESE.search(left), text


def test_a_missing_translation_shows_vietnamese_never_a_key():
    assert texts(Language.EN).gettext("Một câu chưa ai dịch.") == "Một câu chưa ai dịch."


def test_a_damaged_catalogue_is_found_at_start_not_by_a_reader(tmp_path):
    copy = tmp_path / "messages.po"
    shutil.copy(LOCALE / "en" / "LC_MESSAGES" / "messages.po", copy)
    assert len(read_po(io.BytesIO(copy.read_bytes()))) == len(catalogue())


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("", "", "vi"),
        ("", "vi", "vi"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "fr,en;q=0.5,vi;q=0.8", "vi"),
        ("", "fr", "vi"),
        ("", "en;q=0", "vi"),
        ("", "en;q=oops,;;;", "vi"),
        ("?lang=en", "vi", "en"),
        ("?lang=xx", "en", "en"),
    ],
)
def test_a_page_speaks_what_was_asked_for(live, query, accept, expected):
    page = live.client.get(f"/verify{query}", headers={"accept-language": accept})
    assert f'<html lang="{expected}">' in page.text
    assert page.headers["content-language"] == expected
    heading = re.search(r"<h1>(.*?)</h1>", page.text)[1]
    assert heading == {"vi": "Kiểm tra chữ ký", "en": "Check signatures"}[expected]


def test_a_chosen_language_stays(stranger):
    stranger.get("/verify?lang=en")
    assert "Check signatures" in stranger.get("/verify").text
    stranger.get("/verify?lang=vi")
    assert "Kiểm tra chữ ký" in stranger.get("/verify").text


def test_the_link_to_the_other_language_keeps_the_question(stranger):
    assert "/login?next=%2Fsearch&lang=en" in [
        link.replace("&amp;", "&") for link in stranger.get("/login?next=/search").links if link
    ]


@pytest.mark.parametrize("path", ["/", "/verify", "/login", "/nowhere"])
def test_english_pages_are_english_throughout(stranger, path):
    page = stranger.get(path, **{"accept-language": "en"})
    left = page.text.replace("Ấn Tín", "").replace("Tiếng Việt", "")
    found = VIETNAMESE.search(left)
    # Names of the sample agency's roles are data, shown as they are.
    assert not found, left[max(0, found.start() - 60) : found.end() + 40] if found else ""


def test_static_folder_holds_what_pages_ask_for():
    asked = set()
    for template in Path(WEB / "templates").glob("*.html"):
        asked |= set(re.findall(r"static\('([^']+)'\)", template.read_text("utf-8")))
    assert asked == {path.name for path in (WEB / "static").iterdir()}
