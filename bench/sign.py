"""Our signing beside stock pyHanko, in the same run: `.venv/bin/python bench/sign.py [rounds]`.

Ours is the whole of it: screening, preparation in the sandbox, the CMS, fsync, and the self-check
by our own validator. Stock is `sign_pdf` with `SimpleSigner`, in memory, unchecked, unsynced.
Ratios above 1 mean that ours is faster. Time-stamps and revocation data come from the development
authority in this process for both, so no network is measured.
"""

import asyncio
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "signer" / "creation")]

from house import House  # noqa: E402 - found through the line above

from certs.clock import SystemClock  # noqa: E402
from office.samples import names, sample  # noqa: E402
from signer.appearance import AppearanceKind  # noqa: E402
from signer.creation import SignRequest  # noqa: E402
from signer.sandbox import Sandbox  # noqa: E402
from signer.typeset import Typesetter  # noqa: E402
from signer.validation.report import Level  # noqa: E402


class Stamper(TimeStamper):
    """The same development authority for pyHanko, which asks twice."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        from certs.dev.tsa import TimestampingAuthority

        answer = TimestampingAuthority(self._house.authority).answer(
            req.dump(), self._house.clock.now()
        )
        return tsp.TimeStampResp.load(answer)


class Timed:
    """A sandbox that says how long each job took, waiting and forking included."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner = inner
        self.times: dict[str, list[float]] = {}

    def run(self, job, request, *, pdf, output=None, limits=None):
        start = time.perf_counter()
        result = self._inner.run(job, request, pdf=pdf, output=output, limits=limits)
        self.times.setdefault(job.target.partition(":")[2], []).append(time.perf_counter() - start)
        return result


def stock_signer(house: House) -> SimpleSigner:
    certificate = house.identities.get("lanh-dao-1").certificate
    key = rsa.generate_private_key(65537, 2048)  # of the same size; whose it is costs nothing
    private = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),
    )


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Sandbox() as box:
        sandbox = Timed(box)
        house = House(Path(folder), SystemClock(), sandbox)
        pdf = sample(names()[0], Typesetter()).pdf
        source, target = Path(folder) / "in.pdf", Path(folder) / "out.pdf"
        source.write_bytes(pdf)
        signer, stock = house.signer(), stock_signer(house)
        key = house.identities.open("lanh-dao-1", None)

        def ours(level: Level, appearance: AppearanceKind) -> None:
            request = SignRequest(level=level, appearance=appearance)
            signer.sign(source, target, key, request)

        def theirs(stamper: Stamper | None) -> None:
            meta = PdfSignatureMetadata(field_name="Sig1", subfilter=SigSeedSubFilter.PADES)
            writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
            asyncio.run(PdfSigner(meta, stock, timestamper=stamper).async_sign_pdf(writer))

        none = AppearanceKind.NONE
        runs = {
            "stock B-B, invisible": lambda: theirs(None),
            "ours  B-B, invisible": lambda: ours(Level.B_B, none),
            "ours  B-B, leader": lambda: ours(Level.B_B, AppearanceKind.LEADER),
            "stock B-T, invisible": lambda: theirs(Stamper(house)),
            "ours  B-T, invisible": lambda: ours(Level.B_T, none),
            "ours  B-LT, invisible": lambda: ours(Level.B_LT, none),
            "ours  B-LTA, invisible": lambda: ours(Level.B_LTA, none),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(rounds + 1):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                if turn:  # the first round warms caches
                    times[name].append(time.perf_counter() - start)
    print(f"RSA-2048, {len(pdf) // 1024} KiB, median of {rounds}, interleaved")
    for name, seen in times.items():
        baseline = times[f"stock {'B-B' if 'B-B' in name else 'B-T'}, invisible"]
        ratio = statistics.median(b / s for b, s in zip(baseline, seen, strict=True))
        print(f"{name:24} {statistics.median(seen) * 1e3:8.1f} ms   {ratio:5.2f} x stock")
    print("of which in the sandbox, per job (ours checks what it made; stock does not):")
    for job, seen in sandbox.times.items():
        print(f"  {job:24} {statistics.median(seen) * 1e3:6.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
