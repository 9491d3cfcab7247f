"""The Accept header: in which format a photo is answered."""

from __future__ import annotations

from darkroom.codec.formats import MEDIA_TYPES

MULTIPART = "multipart/mixed"
ANY = ("*/*", "image/*")


def choose(accept: str) -> str | None:
    """What an Accept header likes best: a format's name, "multipart", "any" for the source's own, None for nothing.

    Higher ``q`` first, then the header's own order (RFC 9110, 12.5.1); an absent header takes anything.
    """
    offers = {media_type: name for name, media_type in MEDIA_TYPES.items()} | {MULTIPART: "multipart"}
    offers |= dict.fromkeys(ANY, "any") | {"image/jpg": "jpeg", "multipart/*": "multipart"}
    ranked = sorted(_parts(accept or "*/*"), key=lambda part: -part[1])
    return next((offers[media_type] for media_type, quality in ranked if quality > 0 and media_type in offers), None)


def _parts(accept: str) -> list[tuple[str, float]]:
    """Media types with their qualities. A quality that is none counts as 0."""
    found = []
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            found.append((media_type, float(quality)))
        except ValueError:
            found.append((media_type, 0.0))
    return found
