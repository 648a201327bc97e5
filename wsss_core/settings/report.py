"""Settings of `report`: the HTML page."""

from pydantic import Field

from wsss_core.settings.base import Settings


class HtmlReportSettings(Settings):
    """Settings of the method `html`."""

    title: str = ""
    """Heading of the page; empty means the name of the experiment."""

    gallery_images: int = Field(default=24, ge=0, le=120)
    """Images in the gallery: a third each of the best, the worst and random ones; 0 leaves the gallery out."""

    gallery_split: str = ""
    """Split of the gallery; empty means the evaluated split for which most stages have results."""

    thumbnail_px: int = Field(default=320, ge=64, le=1024)
    """Longer side of the gallery's pictures in pixels; the page grows with its square."""

    jpeg_quality: int = Field(default=78, ge=30, le=95)
    """JPEG quality of the gallery's photographs."""

    expected: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Published or earlier figures to print beside the obtained ones: stage -> split -> mIoU in percent, of
    instances AP50."""

    expected_source: str = ""
    """Where the expected figures come from, e.g. "PSA, table 1"."""
