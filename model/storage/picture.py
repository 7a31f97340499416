"""Which pictures can be made small, and how small they are made."""

from model.errors import Conflict

MAX_PICTURE_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_WEBP_PIXELS = 9_000_000  # its decoder has each four times
THUMBNAILS = (64, 256, 1024)  # at most so many pixels wide and high


class NoPicture(Conflict):
    """It is no picture that can be made small."""

    def __init__(self) -> None:
        super().__init__(
            "no_picture",
            "This is no picture that can be made small: a JPEG, PNG or GIF of at most "
            f"{MAX_PIXELS // 1_000_000} megapixels, or a WebP of {MAX_WEBP_PIXELS // 1_000_000}.",
        )
