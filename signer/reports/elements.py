"""Pieces of XML by ETSI TS 119 102-2: namespaces, names of digests, and how an element is made.

1. Text out of a document may hold characters that XML cannot; they become U+FFFD.
2. Times are UTC. A claimed time may lie outside of what the calendar has there; it is left out.
"""

import base64
import re
from datetime import UTC, datetime

from lxml import etree

VR = "http://uri.etsi.org/19102/v1.4.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
TSL = "http://uri.etsi.org/02231/v2#"
OURS = "urn:x-antin:validation-report:1"
"""`x-`, because nobody has registered it; the standard asks for a URI, not for a page."""
NAMESPACES: dict[str | None, str] = {None: VR, "ds": DS, "xades": XADES, "tsl": TSL, "antin": OURS}

ETSI = "urn:etsi:019102"

DIGESTS = {
    "md5": "http://www.w3.org/2001/04/xmldsig-more#md5",
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
    "ripemd160": "http://www.w3.org/2001/04/xmlenc#ripemd160",
    "sha224": "http://www.w3.org/2001/04/xmldsig-more#sha224",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
    "sha3_224": "http://www.w3.org/2007/05/xmldsig-more#sha3-224",
    "sha3_256": "http://www.w3.org/2007/05/xmldsig-more#sha3-256",
    "sha3_384": "http://www.w3.org/2007/05/xmldsig-more#sha3-384",
    "sha3_512": "http://www.w3.org/2007/05/xmldsig-more#sha3-512",
}
"""RFC 9231. What is not here has no name in XML signatures."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add(
    parent: etree._Element, namespace: str, name: str, text: str | None = None, **attributes: object
) -> etree._Element:
    """Append an element; an attribute that is `None` is left out, `lang` is `xml:lang`."""
    made = etree.SubElement(parent, qualified(namespace, name))
    for key, value in attributes.items():
        if value is not None:
            where = "{http://www.w3.org/XML/1998/namespace}lang" if key == "lang" else key
            made.set(where, clean(str(value)))
    if text is not None:
        made.text = clean(str(text))
    return made


def qualified(namespace: str, name: str) -> str:
    """Return a name as lxml writes it."""
    return f"{{{namespace}}}{name}"


def clean(text: str) -> str:
    """Return `text` in the characters of XML 1.0 (rule 1)."""
    return _NOT_XML.sub("\ufffd", text)


def b64(data: bytes) -> str:
    """Return `data` as xs:base64Binary."""
    return base64.b64encode(data).decode()


def add_digest(into: etree._Element, algorithm: str, value: str) -> None:
    """Append DigestMethod and DigestValue; `value` is hex, `algorithm` one of `DIGESTS`."""
    add(into, DS, "DigestMethod", Algorithm=DIGESTS[algorithm])
    add(into, DS, "DigestValue", b64(bytes.fromhex(value)))


def utc(at: datetime) -> str:
    """Return `at` as xs:dateTime."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def utc_if_any(at: datetime | None) -> str | None:
    """Return a time that a document claims, if it claims one that exists (rule 2)."""
    try:
        return None if at is None else utc(at)
    except OverflowError:
        return None
