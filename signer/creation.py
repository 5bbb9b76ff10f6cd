"""Signs a PDF: PAdES baseline B-B to B-LTA (EN 319 142-1 clause 6).

The document is parsed by children in the sandbox alone. Here, in order:

1. Evidence about the signer's and the time-stamping authorities' certificates is gathered before
   anything is signed, where the level carries it (B-LT, B-LTA).
2. A child screens the document and writes the revision with a gap. Its output is checked against
   the source byte for byte, and hashed here (`signer.gap`).
3. Earlier signatures are judged before the key is used: a document that is already altered is
   not signed.
4. The CMS is built from that digest: one use of the key, one request per time-stamp.
5. B-LTA: all evidence and the document time-stamp follow in one revision, none of it before.
   Others count validation data only where they come after the signature's own revision: EU DSS
   calls a file B-T whose time-stamp follows, in a later revision, on data that were there already.
6. The result is judged by our own validator, at the level asked for, and every earlier signature
   again. What is not accepted is thrown away: never a silent downgrade, never a file that broke
   somebody else's signature.
7. COMMIT POINT: the finished file, already on disk, takes the target's name. Before that the target
   is absent (or what it was), after that it is whole. A crash leaves at most a hidden `.part`.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from certs.model import (
    Clock,
    KeyHandle,
    RevocationMaterial,
    RevocationSource,
    SigningIdentity,
    TimestampSource,
    TrustStore,
)
from signer.acceptance import LEVELS, accept_new, accept_old, refuse_altered
from signer.appearance import VIETNAM, AppearanceArtist, AppearanceKind
from signer.augmentation import STAMP_DIGEST, Augmenter, Stamping, gather
from signer.cades import SignatureBuilder, digest_for
from signer.errors import LevelNotReachedError, PlacementError
from signer.fields import READ_FIELDS, FieldsRequest, FieldValue, NewField
from signer.gap import CHUNK, fill, sealed_digest
from signer.prepare import PREPARE_SIGNATURE, Filling, PrepareRequest, SigningToken
from signer.sandbox import Sandbox
from signer.typeset import Typesetter
from signer.validation.job import VALIDATE, ValidationRequest
from signer.validation.report import Box, Level, ValidationReport


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """What to make."""

    level: Level = Level.B_LT
    field_name: str | None = None
    """A prepared empty field, or the name of a new one; `None` picks a free name."""
    appearance: AppearanceKind = AppearanceKind.LEADER
    box: Box | None = None
    """Where it is displayed; `None` takes the field's place, or a proposal."""
    image: bytes | None = None
    """PNG of the handwritten signature or of the seal."""
    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    fields: tuple[NewField, ...] = ()
    """Fields to make with the first signature, for those who come after (`signer.fields`)."""
    values: tuple[FieldValue, ...] = ()
    """What the signature's own revision writes into text fields that were made before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPdf:
    """A signed PDF that our own validator accepts at the level asked for."""

    path: Path
    sha256: str
    size: int
    """Bytes."""
    level: Level
    field_name: str
    box: Box | None
    report: ValidationReport


class PdfSigner:
    """Signs PDFs. Thread-safe."""

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        timestamps: TimestampSource | None,
        revocation: RevocationSource | None,
        trust: TrustStore,
        clock: Clock,
        artist: AppearanceArtist | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._stamping = Stamping(timestamps) if timestamps is not None else None
        self._revocation = revocation
        self._trust = trust
        self._clock = clock
        self._artist = artist or AppearanceArtist(Typesetter())

    def sign(self, source: Path, target: Path, key: KeyHandle, request: SignRequest) -> SignedPdf:
        """Sign `source` with `key` and put the result at `target`, whole or not at all.

        Raises:
            PdfRejectedError: the document is not fit to be signed.
            PlacementError: field, page or box do not fit.
            WouldBreakError: an earlier signature forbids it, or is already broken.
            LevelNotReachedError: evidence or time-stamp for the level cannot be had.
            SelfCheckError: our validator does not accept the result.
            LimitExceededError: over a limit of processing.
            SandboxError: the sandbox failed.
            CertsError: the key may not sign, or no time-stamp could be had.
            OSError: reading `source` or writing beside `target` failed.

        """
        self._refuse_unreachable(request.level)
        identity = key.identity
        chain = (identity.certificate, *identity.chain)
        evidence = self._evidence(chain, request.level)
        with ExitStack() as held:
            path, part = held.enter_context(_part(target))
            builder = SignatureBuilder(
                certificate=identity.certificate,
                chain=identity.chain,
                signature_algorithm=key.signature_algorithm,
                digest_algorithm=digest_for(identity.certificate),
            )
            token = self._prepare(source, part, key, builder, request, evidence)
            before = self._judge(source) if token.earlier else None
            if before is not None:
                refuse_altered(before)
            self._complete(part, source, key, builder, token, request.level)
            if request.level is Level.B_LTA:
                extended, archived = held.enter_context(_part(target))
                self._augmenter().extend(path, archived, [chain])
                path, part = extended, archived
            os.fsync(part.fileno())
            report = self._judge(path, self._beside(chain, request.level))
            accept_new(report, token.field_name, request.level, before)
            if before is not None:
                accept_old(before, report)
            sha256, size = _fingerprint(part)
            path.replace(target)
        _fsync_folder(target.parent)
        return SignedPdf(
            path=target,
            sha256=sha256,
            size=size,
            level=request.level,
            field_name=token.field_name,
            box=token.box,
            report=report,
        )

    def _refuse_unreachable(self, level: Level) -> None:
        if LEVELS.index(level) >= LEVELS.index(Level.B_T) and self._stamping is None:
            raise LevelNotReachedError(
                f"Mức {level} cần dấu thời gian, nhưng chưa cấu hình dịch vụ cấp dấu thời gian.",
                f"Level {level} needs a time-stamp, but no time-stamping authority is configured.",
            )
        if LEVELS.index(level) >= LEVELS.index(Level.B_LT) and self._revocation is None:
            raise LevelNotReachedError(
                f"Mức {level} cần thông tin thu hồi chứng thư, nhưng chưa cấu hình nguồn.",
                f"Level {level} needs revocation data, but no source of it is configured.",
            )

    def _evidence(self, chain: tuple[bytes, ...], level: Level) -> RevocationMaterial | None:
        if LEVELS.index(level) < LEVELS.index(Level.B_LT):
            return None
        if self._revocation is None or self._stamping is None:
            raise AssertionError("refused above")
        evidence = gather(self._revocation, [chain, *self._stamping.known_chains()])
        if not evidence.ocsp_responses and not evidence.crls:
            raise LevelNotReachedError(
                f"Không lấy được thông tin thu hồi của chứng thư ký, nên không đạt mức {level}. "
                "Chưa ký; hãy thử lại hoặc chọn mức thấp hơn.",
                "No revocation data about the signer's certificate could be had, so level "
                f"{level} is out of reach. Nothing was signed; try again or ask for a lower level.",
            )
        return evidence

    def _prepare(
        self,
        source: Path,
        part: BinaryIO,
        key: KeyHandle,
        builder: SignatureBuilder,
        request: SignRequest,
        evidence: RevocationMaterial | None,
    ) -> SigningToken:
        now = self._clock.now().astimezone(VIETNAM)
        identity: SigningIdentity = key.identity
        stamping = self._stamping if request.level is not Level.B_B else None
        order = PrepareRequest(
            field_name=request.field_name,
            appearance=request.appearance,
            art=self._artist.draw(request.appearance, identity, at=now, image=request.image),
            box=request.box,
            signing_time=now,
            digest_algorithm=builder.digest_algorithm,
            contents_size=builder.size(
                signature=key.signature_size, time_stamp=stamping.room() if stamping else 0
            ),
            name=identity.common_name,
            reason=request.reason,
            location=request.location,
            contact=request.contact,
            security_store=evidence if request.level is Level.B_LT else None,
            fields=request.fields,
            fillings=self._fillings(source, request.values),
        )
        return self._sandbox.run(PREPARE_SIGNATURE, order, pdf=source, output=part)

    def _fillings(self, source: Path, values: tuple[FieldValue, ...]) -> tuple[Filling, ...]:
        """Typeset `values` for the places that the document has for them."""
        if not values:
            return ()
        found = self._sandbox.run(READ_FIELDS, FieldsRequest(), pdf=source)
        fillings = []
        for value in values:
            place = found.get(value.use)
            if place is None:
                raise PlacementError(
                    f"Văn bản không có trường «{value.use}».",
                    f"The document has no field “{value.use}”.",
                )
            art = self._artist.write(value.value, place.box, size=place.size, italic=place.italic)
            fillings.append(Filling(use=value.use, value=value.value, art=art))
        return tuple(fillings)

    def _complete(
        self,
        part: BinaryIO,
        source: Path,
        key: KeyHandle,
        builder: SignatureBuilder,
        token: SigningToken,
        level: Level,
    ) -> None:
        """Sign the digest and fill the gap: the one place where the key is used."""
        attributes = builder.attributes(sealed_digest(part, source, token))
        signature = key.sign(attributes.to_be_signed, builder.digest_algorithm)
        time_stamp = None
        if level is not Level.B_B and self._stamping is not None:
            time_stamp = self._stamping.stamp(hashlib.new(STAMP_DIGEST, signature).digest()).token
        fill(part, token, builder.finish(attributes, signature, time_stamp))

    def _augmenter(self) -> Augmenter:
        if self._revocation is None or self._stamping is None:
            raise AssertionError("refused above")
        return Augmenter(
            sandbox=self._sandbox, stamping=self._stamping, revocation=self._revocation
        )

    def _beside(self, chain: tuple[bytes, ...], level: Level) -> RevocationMaterial:
        """Return evidence to judge with that is not in the file: B-T's, as far as it can be had.

        B-LT and B-LTA must do without, and B-B claims nothing that would need any.
        """
        if level is not Level.B_T or self._revocation is None or self._stamping is None:
            return RevocationMaterial()
        return gather(self._revocation, [chain, *self._stamping.chains()])

    def _judge(self, path: Path, material: RevocationMaterial | None = None) -> ValidationReport:
        request = ValidationRequest(
            trust=self._trust,
            at=self._clock.now(),
            material=material or RevocationMaterial(),
            offline=True,
        )
        return self._sandbox.run(VALIDATE, request, pdf=path)


@contextmanager
def _part(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a hidden file beside `target`; it is gone afterwards unless it was renamed."""
    path = target.parent / f".{target.name}.{secrets.token_hex(6)}.part"
    # Not mkstemp, which would leave the result readable by its owner alone.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "r+b") as part:
            yield path, part
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def _fingerprint(part: BinaryIO) -> tuple[str, int]:
    part.seek(0)
    digest = hashlib.sha256()
    while chunk := part.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest(), part.tell()


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
