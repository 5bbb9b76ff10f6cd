"""TimeStampResp as RFC 3161 clause 2.4.2 defines it: the token is optional.

asn1crypto 1.5.1 has it mandatory, so a rejection could be neither written nor read.
"""

from typing import ClassVar

from asn1crypto import cms, core, tsp


class TimeStampResp(core.Sequence):  # type: ignore[misc]  # asn1crypto ships no types
    """Status, and the token where it was granted."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]
