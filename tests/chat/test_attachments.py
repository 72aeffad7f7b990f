"""Pictures as people attach them: opened as what they are, and within bounds."""

from __future__ import annotations

import contextlib
import io
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from llmtrack.chat.answers.prompt import File
from llmtrack.chat.conversations.attachments import as_they_are, to_keep
from llmtrack.chat.error_messages import ChatError
from tests.fuzz import tries

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"


def picture(kind: str, mode: str = "RGB", width: int = 400, height: int = 200, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, kind, **options)
    return out.getvalue()


def attached(data: bytes, name: str = "x.png", media_type: str = "image/png") -> tuple[str, bytes | None]:
    """The media type it is sent with, and its small copy."""
    (kept,) = to_keep(as_they_are([File(name, media_type, data)]))
    return kept.media_type, kept.thumbnail


@pytest.mark.parametrize(
    ("kind", "mode", "media_type"),
    [
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/png"),
        ("PNG", "1", "image/png"),
        ("PNG", "LA", "image/png"),
        ("PNG", "I;16", "image/png"),
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("GIF", "P", "image/gif"),
        ("WEBP", "RGBA", "image/webp"),
    ],
)
def test_a_picture_is_sent_as_what_it_is_whatever_its_name_says(kind: str, mode: str, media_type: str):
    found, thumbnail = attached(picture(kind, mode))
    assert found == media_type
    with Image.open(io.BytesIO(thumbnail or b"")) as small:
        assert (small.format, small.size) == ("JPEG", (320, 160))


def test_postscript_called_a_picture_is_refused_and_starts_no_program(monkeypatch: pytest.MonkeyPatch):
    Image.init()  # all of Pillow's readers, as after any other use of it
    started: list[object] = []
    monkeypatch.setattr(subprocess, "check_call", lambda *args, **_: started.append(args))
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **_: started.append(args))
    for other in (POSTSCRIPT, picture("BMP"), picture("TIFF"), picture("ICO"), b"", b"GIF89a"):
        with pytest.raises(ChatError, match=r"'x\.png' is no picture that can be read"):
            attached(other)
    assert started == []


@pytest.mark.parametrize(
    ("data", "pixels"),
    [
        (picture("PNG", "1", 10_000, 8_000), 80),
        (picture("GIF", "P", 7_000, 6_000), 42),
        (picture("JPEG", "L", 10_000, 9_000), 90),
        (picture("JPEG", "L", 7_000, 6_000, progressive=True), 42),
    ],
    ids=["png", "gif", "jpeg", "progressive"],
)
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    data: bytes, pixels: int, monkeypatch: pytest.MonkeyPatch
):
    from PIL import ImageFile

    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(ChatError, match=rf"too large a picture to be shown \({pixels} megapixels\)"):
        attached(data)


def test_a_large_photo_is_decoded_at_a_fraction_of_its_size(monkeypatch: pytest.MonkeyPatch):
    from PIL import JpegImagePlugin

    data = picture("JPEG", "L", 10_000, 8_000)
    decoded: list[tuple[int, int]] = []
    load = JpegImagePlugin.JpegImageFile.load

    def watched(self: JpegImagePlugin.JpegImageFile) -> object:
        decoded.append(self.size)
        return load(self)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", watched)
    _, thumbnail = attached(data, "photo.jpg", "image/jpeg")
    assert thumbnail is not None
    assert max(width for width, _ in decoded) <= 1_250  # an eighth


GOOD = [picture("PNG", "P"), picture("JPEG"), picture("GIF", "P"), picture("WEBP")]


@pytest.mark.usefixtures("bounded_memory")
@tries(60)
@given(good=st.sampled_from(GOOD), at=st.integers(0, 400), cut=st.integers(0, 60), data=st.binary(max_size=40))
def test_no_damaged_picture_raises_anything_but_our_words(good: bytes, at: int, cut: int, data: bytes):
    with contextlib.suppress(ChatError):
        _, thumbnail = attached(good[:at] + data + good[at + cut :])
        assert thumbnail
