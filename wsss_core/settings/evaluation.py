"""Settings of `evaluation`: which figures are made of every stage that has ground truth."""

from pydantic import Field, model_validator

from wsss_core.settings.base import Settings


class Thresholds(Settings):
    """The background thresholds of the curve, evenly spaced, both ends included."""

    count: int = Field(default=60, ge=2, le=1000)
    """How many thresholds; PSA (Ahn & Kwak, CVPR 2018) and its successors sweep 60."""

    low: float = 0.0
    """The lowest threshold, in units of the scores (0..1 when the CAMs are normalised)."""

    high: float = 0.6
    """The highest threshold; raise it when the report says that the best one lies at the end of the curve."""

    @model_validator(mode="after")
    def _check_range(self) -> "Thresholds":
        if self.low >= self.high:
            raise ValueError(f"thresholds: low must be below high, found low {self.low} and high {self.high}")
        return self


class PooledSettings(Settings):
    """Settings of the method `pooled`: figures pooled over all pixels of a split, as PASCAL VOC defines them."""

    thresholds: Thresholds = Thresholds()
    """The curve that is made of cams and refined_cams."""

    threshold: float | None = None
    """A fixed background threshold for cams and refined_cams; null takes the best one on `choose_threshold_on`."""

    choose_threshold_on: str = "train"
    """The split on which the background threshold is chosen; every split is then reported at this one threshold."""

    class_subset: tuple[str, ...] = ()
    """Names of classes whose mean IoU is reported besides, e.g. those with enough images; empty means none."""

    boundary: bool = True
    """Also report the boundary IoU (Cheng et al., CVPR 2021)."""

    by_instance: bool = False
    """Also report the mean over classes of each image's IoU weighted by its instances of the class, where the data has
    true instances (SPML's diagnostic on DensePose, Ke et al., ICLR 2021)."""

    protocol: dict[str, str] = Field(default_factory=dict)
    """Split name -> named protocol, e.g. {train: voc12-train-1464}; the report says when the images are others."""
