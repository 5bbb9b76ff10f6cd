"""Signatures made by somebody else's software, with rules of their own."""

import io
from datetime import UTC, datetime, timedelta

from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore


def somebody():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Người lạ")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    return SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(der),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),
    )


def signed(pdf, *, certify=None, lock=None, lock_permission=None, field="Lạ"):
    """`pdf` signed by a stranger.

    certify: P of a certification; lock: (action, fields) of FieldMDP;
    lock_permission: P that goes with the lock (an approval signature that forbids all changes).
    """
    spec = None
    if lock is not None:
        action, fields = lock
        spec = SigFieldSpec(
            sig_field_name=field,
            field_mdp_spec=FieldMDPSpec(FieldMDPAction(action), list(fields) or None),
            doc_mdp_update_value=MDPPerm(lock_permission) if lock_permission else None,
        )
    meta = PdfSignatureMetadata(
        field_name=field,
        certify=certify is not None,
        docmdp_permissions=MDPPerm(certify or 2),
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    signer = PdfSigner(meta, somebody(), new_field_spec=spec)
    return signer.sign_pdf(writer).getvalue()
