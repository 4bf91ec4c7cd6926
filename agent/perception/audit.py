"""The audit of the gate: which of the segments that it leaves out are looked at all the same, by chance that is the same anywhere."""

import hashlib


def drawn(segment_id: str, share: float) -> bool:
    """Whether a segment is among the `share` (0..1) of all that are drawn; one that is, is so for every larger share."""
    digest = hashlib.sha256(f"audit {segment_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
