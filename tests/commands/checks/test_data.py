from pathlib import Path

import pytest

from wsss_core.commands.checks.data import DataReport, check_data
from wsss_core.settings.experiment import Experiment


def check(config: Path) -> DataReport:
    return check_data(Experiment.load(config).stages["data"])


def levels(report: DataReport) -> set[str]:
    return {finding.level for finding in report.findings}


def text(report: DataReport) -> str:
    return "\n".join("\n".join(finding.lines()) for finding in report.findings)


def test_good_photographs_give_counts_and_a_class_table(config: Path) -> None:
    report = check(config)
    assert levels(report) == {"ok"}
    assert "24 images listed" in text(report)
    head, _, *rows = [line.split() for line in report.table.splitlines()]
    assert head == ["class", "train", "val"]
    cats = dict(zip(head[1:], map(int, rows[0][1:]), strict=True))
    assert rows[0][0] == "cat"
    assert cats["train"] + cats["val"] == 16
    assert report.pixels == 24 * 20 * 24


def test_faulty_files_are_listed_with_remedy(photos: Path, config: Path) -> None:
    (photos / "photos/ein Bild 3.png").write_bytes(b"")
    (photos / "photos/ein Bild 4.png").write_bytes(b"no image")
    report = check(config)
    assert levels(report) == {"ok", "fault"}
    assert "2 of 24 images cannot be used" in text(report)
    assert "ein Bild 3.png" in text(report)
    assert "skip_bad: true" in text(report)
    assert report.pixels == 22 * 20 * 24


def test_faulty_files_that_are_skipped_only_warn(photos: Path, config: Path) -> None:
    (photos / "photos/ein Bild 3.png").write_bytes(b"")
    config.write_text(config.read_text().replace("part_size: 8", "part_size: 8\n    skip_bad: true"))
    assert levels(check(config)) == {"ok", "warning"}


def test_a_missing_image_is_found(photos: Path, config: Path) -> None:
    (photos / "photos/ein Bild 5.png").unlink()
    assert "ein Bild 5" in text(check(config))
    assert "fault" in levels(check(config))


def test_an_unknown_tag_is_a_fault_with_the_nearest_name(photos: Path, config: Path) -> None:
    config.write_text(config.read_text().replace("part_size: 8", "part_size: 8\n    classes: [cat, dogs]"))
    report = check(config)
    assert levels(report) == {"fault"}
    assert "did you mean 'dogs'" in text(report)
    assert report.table == ""


def test_a_missing_table_is_a_fault(photos: Path, config: Path) -> None:
    (photos / "tags.csv").unlink()
    assert levels(check(config)) == {"fault"}


@pytest.mark.parametrize(("root", "remedy"), [("data/VOC2012", "`wsss fetch voc2012`"), ("data/mine", "")])
def test_public_data_that_are_not_there_have_the_command_that_fetches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str, remedy: str
) -> None:
    (tmp_path / "Snakefile").touch()  # a checkout: the path stays relative
    monkeypatch.chdir(tmp_path)
    stages = {"data": {"method": "voc", "root": root, "splits": {"train": "train.txt"}}}
    experiment = Experiment.from_config({"experiment": "x", "stages": stages}, tmp_path)
    [finding] = check_data(experiment.stages["data"]).findings
    assert finding.level == "fault"
    assert remedy in finding.remedy
    assert bool(finding.remedy) == bool(remedy)


def test_classes_with_hardly_an_image_are_a_warning(photos: Path, config: Path) -> None:
    table = photos / "tags.csv"
    table.write_text(table.read_text().replace("Bild 0.png,cat", "Bild 0.png,cat;owl"))
    report = check(config)
    assert "warning" in levels(report)
    assert "owl" in text(report)


def test_images_without_tags_are_counted(photos: Path, config: Path) -> None:
    table = photos / "tags.csv"
    table.write_text(table.read_text().replace("Bild 0.png,cat", "Bild 0.png,"))
    report = check(config)
    assert "1 of 24 images have no tag" in text(report)
    assert "(no tag)" in report.table


def test_generated_scenes_are_counted_but_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "scenes.yaml"
    config.write_text("experiment: scenes\nstages: {data: {method: scenes, train_images: 6, val_images: 2}}\n")
    monkeypatch.chdir(tmp_path)
    report = check(config)
    assert levels(report) == {"ok"}
    assert "train 6, val 2" in text(report)
    assert report.pixels == 8 * 120 * 160
    assert [path.name for path in tmp_path.iterdir()] == ["scenes.yaml"]


def test_a_tag_on_every_image_is_a_warning(photos: Path, config: Path) -> None:
    names = [f"ein Bild {number}.png,cat{';dog' if number % 2 else ''}" for number in range(24)]
    (photos / "tags.csv").write_text("\n".join(["file,tags", *names]))
    assert "has the tag cat, so nothing can be learnt of it" in text(check(config))


def test_a_class_of_one_image_may_be_a_slip_of_another(photos: Path, config: Path) -> None:
    tags = (photos / "tags.csv").read_text().splitlines()
    place = next(place for place, line in enumerate(tags) if line.endswith(",cat"))
    (photos / "tags.csv").write_text(
        "\n".join([*tags[:place], tags[place].replace(",cat", ",caat"), *tags[place + 1 :]])
    )
    assert "caat (1, or is it 'cat'?)" in text(check(config)) or "caat (0, or is it 'cat'?)" in text(check(config))


def test_photographs_that_the_table_forgot_are_named(photos: Path, config: Path) -> None:
    tags = (photos / "tags.csv").read_text().splitlines()
    (photos / "tags.csv").write_text("\n".join(tags[:-1]))
    assert f"1 pictures in {photos}/photos are not listed" in text(check(config))
