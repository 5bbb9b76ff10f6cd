"""Every limit of the signing engine, each with its reason beside it (design.md D3).

Going over one is `LimitExceededError` naming it, or the value `file.limit` in a report: an answer,
never a hang.
"""

from typing import Final

from signer.jobs import JobLimits

MIB: Final = 1 << 20

# -- the document

UPLOAD_BYTES: Final = 256 * MIB
# A scan of 1,000 colour pages at 200 dpi is about 200 MB; the largest real file we met was 76 MB.

PAGES: Final = 10_000
# The longest real document we met has 76 pages; a budget annex may have thousands. Beyond this,
# walking the page tree alone takes longer than a person waits.

SIGNATURES: Final = 200
# Six on the fullest real document (every stamped digit group is one); batch co-signing reaches
# dozens. pyHanko re-reads the file once per signature.

REVISIONS: Final = 500
# Two per signature, and renewals for decades. 20,000 revisions of a few bytes cost 1.5 s and
# 100 MB in pyHanko 0.38.

OBJECTS: Final = 1_000_000
# A 394-byte file that claims 999,999,999 objects costs pyHanko 18 s and 1.35 GB before it fails.

NESTING: Final = 100
# Real documents nest arrays and dictionaries less than 20 deep; qpdf stops at 499, and pyHanko
# recurses until Python stops it.

# -- work on it

VERIFY: Final = JobLimits(
    wall=10.0,  # the contract: an answer within ten seconds
    cpu=10,
    address_space=1024 * MIB,  # 512 MiB does for most; long scans need more
    output_bytes=0,  # validation writes nothing
)

PREPARE: Final = JobLimits(
    wall=20.0,  # reading and writing a file of the largest size, on a slow disk
    cpu=20,
    address_space=1024 * MIB,
    output_bytes=UPLOAD_BYTES + 64 * MIB,  # the file, a signature's gap and its validation data
)

RENDER_PIXELS: Final = 50_000_000
# One page image. A0 at 150 dpi is 35 Mpx; 50 Mpx of BGRx are 200 MB in the child.

RENDER_SIDE: Final = 16_383
# Pixels; what WebP can hold. A strip of 1 x 14,400 points would otherwise become a giant.

RENDER_PAGE_SECONDS: Final = 5.0
# A page image is waited for by a person. The heaviest real scan takes 0.4 s at 1,200 px.

RENDER_PAGES: Final = 20
# Page images asked for at once: a screenful, not a document.

RENDER: Final = JobLimits(
    wall=40.0,  # twenty ordinary pages; each page has RENDER_PAGE_SECONDS of its own
    cpu=40,
    address_space=1024 * MIB,
    output_bytes=0,
    result_bytes=96 * MIB,  # twenty pages of 3 MB, as base64
)

TEXT_WORDS: Final = 200_000
# Words with places, per call: 300 dense pages. More is another call.

READ_TEXT: Final = JobLimits(
    wall=20.0,  # 1,000 pages of text take about 8 s
    cpu=20,
    address_space=1024 * MIB,
    output_bytes=0,
    result_bytes=64 * MIB,  # 200,000 words of about 150 bytes of JSON, twice over
)

PICTURE_PAGES: Final = 60
# Pages of a document that are compared with what was signed; 95 in 100 real documents are shorter.

PICTURE_SIGNATURES: Final = 10
# Signed revisions held open beside the current file; six is the most on one real document.

PICTURE_PIXELS: Final = 20_000_000
# One of the two images held at a time; A0 at 150 dpi would be 35 Mpx and shows as well at 110 dpi.

PICTURE_SECONDS: Final = 3.0
# After this no further page is begun. A person waits for the verdict, and scans take 80 ms a page.

PICTURE_GROWTH: Final = 2.0
# Points around an explained box: border strokes and anti-aliasing stand half outside it.

PICTURE: Final = JobLimits(
    wall=8.0,  # the last page begun may be as slow as RENDER_PAGE_SECONDS
    cpu=8,
    address_space=1024 * MIB,
    output_bytes=0,
)

# -- the sandbox itself

CHILDREN: Final = 2
# At once. Each may take a core and a gibibyte; the small machine has two cores and four.

BOOT_SECONDS: Final = 60.0
# The zygote imports for about a second; a cold, slow disk may take twenty.

GRACE_SECONDS: Final = 5.0
# How much longer than a job's wall clock the parent waits before it holds the zygote itself dead.

RESERVE_BYTES: Final = 32 * MIB
# Address space kept back for saying that the rest was used up.

RECURSION: Final = 1_500
# Python frames. Legitimate page trees and certificate paths stay below 300; with 64 MiB of stack a
# hostile nest ends in RecursionError, not in a crash of the C stack.

STACK_BYTES: Final = 64 * MIB
# See RECURSION: qpdf and pdfium recurse in C.

OPEN_FILES: Final = 64
# Descriptors: the job has three; lazy imports and fonts need a handful at a time.

TRACEBACK_CHARS: Final = 8_000
# Of a child's traceback in our log: enough for any real one, too little to flood it.
