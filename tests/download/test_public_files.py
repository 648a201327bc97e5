"""The list of public files is complete and says only what is known."""

import re
from pathlib import Path, PurePosixPath

import pytest

from wsss_core.download.public_files import PublicFile, choose, fetched_to, public_files
from wsss_core.settings.base import SettingsError


@pytest.mark.parametrize("name", public_files())
def test_every_entry_says_where_from_where_to_and_under_what_terms(name: str) -> None:
    file = public_files()[name]
    assert file.about
    assert file.licence
    assert file.page
    path = PurePosixPath(file.path)
    assert not path.is_absolute()
    assert path.parts[0] in ("data", "weights")
    assert all(re.match(r"https?://", url) for url in file.urls)
    assert file.sha256 is None or 8 <= len(file.sha256) <= 64
    assert file.md5 is None or len(file.md5) == 32


def test_a_checksum_in_the_name_of_a_file_is_the_one_that_is_checked() -> None:
    for file in public_files().values():
        if match := re.search(r"-([0-9a-f]{8})\.pth$", file.path):
            assert file.sha256 == match[1]
        for digits in re.findall(r"/([0-9a-f]{64})/", " ".join(file.urls)):
            assert file.sha256 == digits


def test_all_five_systems_have_files() -> None:
    needs = {need for file in public_files().values() for need in file.needed_by}
    assert {"psa", "irn", "eps", "wsfcn", "spml", "fma"} <= needs


def test_files_are_chosen_by_name_or_by_system() -> None:
    assert list(choose(["mobile-sam"])) == ["mobile-sam"]
    assert {"voc2012", "clip-vit-b16", "sam-vit-h"} <= set(choose(["fma"]))
    with pytest.raises(SettingsError, match="did you mean 'mobile-sam'"):
        choose(["mobile_sam"])


def test_a_place_leads_back_to_the_file_that_belongs_there() -> None:
    assert fetched_to(Path("weights/vgg16_20M.caffemodel")) == "vgg16-deeplab"
    assert fetched_to(Path("data/VOC2012")) == "voc2012"  # where an archive is unpacked
    assert fetched_to(Path("data")) is None
    assert fetched_to(Path("/elsewhere/weights/vgg16_20M.caffemodel")) is None
    assert all(fetched_to(Path(file.path)) == name for name, file in public_files().items())


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="shasum"):
        PublicFile.model_validate({"about": "a", "path": "b", "page": "c", "licence": "d", "shasum": "e"})
