"""What a key and its certificate must be before we take them in.

1. The private key belongs to the certificate.
2. RSA of at least 2,048 bits with a public exponent of 65,537 or more, or ECDSA on P-256 or P-384
   (TS 119 312: anything less no longer counts, and national CAs issue nothing else).
3. A keyUsage, where present, allows digitalSignature or nonRepudiation.
4. It is no CA certificate: those sign certificates, not documents.
5. It has not expired. One that is not valid yet may be taken in; it will not sign before.
"""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certs.certificates import PrivateKey, is_authority
from certs.errors import IdentityInvalidError

MIN_RSA_BITS = 2048
MIN_RSA_EXPONENT = 65537
CURVES = ("secp256r1", "secp384r1")


def admit(key: object, certificate: x509.Certificate, now: datetime) -> PrivateKey:
    """Return `key`, now known to be usable; raise `IdentityInvalidError` naming the rule broken."""
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise IdentityInvalidError(
            "Chỉ nhận khóa RSA hoặc ECDSA (P-256, P-384).",
            "Only RSA and ECDSA (P-256, P-384) keys are taken.",
        )
    if key.public_key() != certificate.public_key():
        raise IdentityInvalidError(
            "Khóa bí mật không khớp với chứng thư.",
            "The private key does not belong to the certificate.",
        )
    if isinstance(key, rsa.RSAPrivateKey):
        exponent = key.public_key().public_numbers().e
        if key.key_size < MIN_RSA_BITS or exponent < MIN_RSA_EXPONENT or not exponent & 1:
            raise IdentityInvalidError(
                f"Khóa RSA {key.key_size} bit không đủ an toàn (cần ít nhất {MIN_RSA_BITS} bit).",
                f"An RSA key of {key.key_size} bits is too weak (at least {MIN_RSA_BITS} needed).",
            )
    elif key.curve.name not in CURVES:
        raise IdentityInvalidError(
            f"Đường cong {key.curve.name} không được hỗ trợ (cần P-256 hoặc P-384).",
            f"The curve {key.curve.name} is not supported (P-256 or P-384 needed).",
        )
    _may_sign(certificate, now)
    return key


def _may_sign(certificate: x509.Certificate, now: datetime) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    signs = usage is None or usage.digital_signature or usage.content_commitment
    if not signs or is_authority(certificate):
        raise IdentityInvalidError(
            "Chứng thư không dùng để ký văn bản.",
            "The certificate is not meant for signing documents.",
        )
    if certificate.not_valid_after_utc < now:
        ended = certificate.not_valid_after_utc
        raise IdentityInvalidError(
            f"Chứng thư đã hết hạn ngày {ended:%d/%m/%Y}.",
            f"The certificate expired on {ended:%Y-%m-%d}.",
        )
