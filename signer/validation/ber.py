"""Rewrite BER as definite-length, so that a DER library can read it without changing what it says.

1. Only indefinite lengths (X.690 clause 8.1.3.6) and strings in pieces (8.7.3) are rewritten;
   whatever is already definite stays byte for byte as it was: signed attributes are hashed as
   they stand.
2. Nesting is bounded, and nothing recurses: a container is hostile until proven otherwise.

Older VGCA and Belgian tools write the outer layers with indefinite lengths; asn1crypto 1.5 reads
some of those wrongly.
"""

MAX_NESTING = 64
"""Deepest real CMS, with time-stamp inside, has 25 layers."""

_CONSTRUCTED = 0x20
_OCTET_STRING = 0x24


def _header(data: bytes, at: int) -> tuple[bytes, int | None, int]:
    """Return identifier octets, length (`None`: indefinite), and where the content begins."""
    start = at
    if data[at] & 0x1F == 0x1F:  # noqa: PLR2004 the form of high tag numbers
        at += 1
        while data[at] & 0x80:
            at += 1
    at += 1
    identifier = data[start:at]
    first = data[at]
    at += 1
    if first < 0x80:  # noqa: PLR2004 short form
        return identifier, first, at
    if first == 0x80:  # noqa: PLR2004 indefinite form
        return identifier, None, at
    n = first & 0x7F
    if n > 4:  # noqa: PLR2004 longer than any file we take
        raise ValueError("length of more than four octets")
    return identifier, int.from_bytes(data[at : at + n], "big"), at + n


def _length(n: int) -> bytes:
    if n < 0x80:  # noqa: PLR2004 short form
        return bytes([n])
    raw = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(raw)]) + raw


def definite(data: bytes) -> tuple[bytes, int]:
    """Return the first element of `data` in definite form, and how many bytes of `data` it took.

    Raises:
        ValueError: not BER, cut short, or nested too deeply.

    """
    try:
        _, length, start = _header(data, 0)
        if length is not None and not _any_indefinite(data, start, start + length):
            if start + length > len(data):
                raise ValueError("cut short")
            return data[: start + length], start + length
        return _rewrite(data)
    except IndexError as e:
        raise ValueError("cut short") from e


def _any_indefinite(data: bytes, at: int, end: int) -> bool:
    """Whether an element in [at, end), or the first child of one, has indefinite length.

    A definite element may hold an indefinite one; in practice it is the next layer down at once.
    """
    for _ in range(4):
        if at >= end:
            return False
        identifier, length, start = _header(data, at)
        if length is None:
            return True
        at = start if identifier[0] & _CONSTRUCTED else start + length
    return False


def _rewrite(data: bytes) -> tuple[bytes, int]:
    # One frame per open element: (identifier, end or None when indefinite, parts, was indefinite)
    stack: list[tuple[bytes, int | None, list[bytes]]] = [(b"", None, [])]
    at = 0
    while True:
        identifier, end, parts = stack[-1]
        if len(stack) > 1 and end is not None and at >= end:
            stack.pop()
            _close(stack, identifier, parts)
        elif len(stack) > 1 and end is None and data[at : at + 2] == b"\0\0":
            at += 2
            stack.pop()
            _close(stack, identifier, parts)
        else:
            identifier, length, start = _header(data, at)
            if length is not None and start + length > len(data):
                raise ValueError("cut short")
            if identifier[0] & _CONSTRUCTED and (
                length is None or _any_indefinite(data, start, start + length)
            ):
                if len(stack) > MAX_NESTING:
                    raise ValueError("nested too deeply")
                stack.append((identifier, None if length is None else start + length, []))
                at = start
                continue
            if length is None:
                raise ValueError("a primitive of indefinite length")
            stack[-1][2].append(data[at : start + length])
            at = start + length
        if len(stack) == 1:
            return b"".join(stack[0][2]), at


def _close(
    stack: list[tuple[bytes, int | None, list[bytes]]], identifier: bytes, parts: list[bytes]
) -> None:
    if identifier[0] == _OCTET_STRING:  # a string in pieces becomes one
        content = b""
        for p in parts:
            _, length, start = _header(p, 0)
            content += p[start : start + (length or 0)]
        stack[-1][2].append(b"\x04" + _length(len(content)) + content)
        return
    body = b"".join(parts)
    stack[-1][2].append(identifier + _length(len(body)) + body)
