"""pyHanko's objects as plain values, for the files that only pyHanko can decipher."""

from decimal import Decimal

from pyhanko.pdf_utils import generic

from signer.validation.lexer import Name, Ref, Stream, Value


def plain(obj: generic.PdfObject | None) -> Value:  # noqa: PLR0911 one line per kind of object
    """Turn one of pyHanko's objects into a plain value."""
    if isinstance(obj, generic.DecryptedObjectProxy):
        obj = obj.decrypted
    if isinstance(obj, generic.IndirectObject):
        return Ref(obj.idnum, obj.generation)
    if isinstance(obj, generic.StreamObject):
        return Stream({k: plain(obj.raw_get(k)) for k in obj}, memoryview(bytes(obj.encoded_data)))
    if isinstance(obj, generic.DictionaryObject):
        return {str(k): plain(obj.raw_get(k)) for k in obj}
    if isinstance(obj, generic.ArrayObject):
        return tuple(plain(obj.raw_get(i)) for i in range(len(obj)))
    if isinstance(obj, generic.NameObject):
        return Name(obj)
    if isinstance(obj, generic.TextStringObject | generic.ByteStringObject):
        return bytes(obj.original_bytes)
    if isinstance(obj, generic.BooleanObject):
        return bool(obj.value)
    if isinstance(obj, generic.NumberObject):
        return int(obj)
    return Decimal(str(obj)) if isinstance(obj, generic.FloatObject) else None
