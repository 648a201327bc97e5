"""What a photograph is called in the files for other tools."""

from pathlib import PurePosixPath

from wsss_core.artifacts.manifest import ImageRecord


def photograph_path(record: ImageRecord) -> str:
    """Path of the file below the folder of the images, such as `holiday/beach.jpg`: an image id is that path without
    its ending. Labelling tools that were given the folder call the image so."""
    return record.image_id + PurePosixPath(record.file).suffix
