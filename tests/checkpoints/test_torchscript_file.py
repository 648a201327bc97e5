"""TorchScript archives: tensors without the program."""

import io
import pickle
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from tiny_clip import tiny_clip
from torch import nn

from wsss_core.checkpoints.clip_file import load_clip
from wsss_core.checkpoints.reading import read_state
from wsss_core.checkpoints.torchscript_file import is_torchscript


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
        self.shared = nn.Parameter(torch.randn(4, 3).half())
        self.register_buffer("turned", torch.arange(6).reshape(2, 3).T)
        self.size = 3

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) * self.size


def save_script(module: nn.Module, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch would rather have `torch.export`
        torch.jit.save(torch.jit.script(module), path)
    return path


def test_all_tensors_come_back_by_their_names(tmp_path: Path) -> None:
    module = Tiny()
    state = read_state(save_script(module, tmp_path / "tiny.pt"))
    assert set(state) == set(module.state_dict())
    for name, value in module.state_dict().items():
        expected = value.float() if value.is_floating_point() else value
        assert torch.equal(state[name], expected), name


def test_plain_files_and_damaged_ones_are_told_apart(tmp_path: Path) -> None:
    torch.save(Tiny().state_dict(), tmp_path / "plain.pt")
    script = save_script(Tiny(), tmp_path / "script.pt").read_bytes()
    cases = [((tmp_path / "plain.pt").read_bytes(), False), (script, True), (script[:-9], False), (b"", False)]
    for content, expected in cases:
        file = io.BytesIO(b"before" + content)
        file.seek(6)
        assert is_torchscript(io.BytesIO(content)) is expected
        is_torchscript(file)
        assert file.tell() == 6


def rewritten(path: Path, member: str, content: bytes | None) -> Path:
    """The archive with another content of the members of that name, or without them."""
    target = path.with_name("changed.pt")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = content if name.endswith(member) else source.read(name)
            if data is not None:
                archive.writestr(name, data)
    return target


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit('ran')",))


def test_anything_but_tensors_is_refused_unrun(tmp_path: Path) -> None:
    path = rewritten(save_script(Tiny(), tmp_path / "tiny.pt"), "/data.pkl", pickle.dumps(Harmful()))
    with pytest.raises(ValueError, match=r"tensors only, found builtins\.exec"):
        read_state(path)


@pytest.mark.parametrize(
    ("member", "content"),
    [("/data.pkl", b""), ("/data.pkl", pickle.dumps([1])), ("/data/0", None), ("/data/0", b"12"), ("/data.pkl", None)],
)
def test_an_archive_with_a_broken_member_is_refused(tmp_path: Path, member: str, content: bytes | None) -> None:
    path = rewritten(save_script(Tiny(), tmp_path / "tiny.pt"), member, content)
    with pytest.raises(ValueError, match=r"changed\.pt: expected a complete PyTorch file"):
        read_state(path)


class Traced(nn.Module):
    """What OpenAI's archive looks like: the weights of a CLIP, its numbers, and a program."""

    def __init__(self) -> None:
        super().__init__()
        clip = tiny_clip()
        self.visual, self.transformer = nn.Module(), nn.Module()
        for name, value in clip.state_dict().items():
            *path, last = name.split(".")
            place: nn.Module = self
            for step in path:
                if step not in dict(place.named_children()):
                    place.add_module(step, nn.Module())
                place = place.get_submodule(step)
            place.register_buffer(last, value.half())
        self.register_buffer("input_resolution", torch.tensor(64))
        self.register_buffer("vocab_size", torch.tensor(49408))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_a_clip_is_loaded_from_such_an_archive(tmp_path: Path) -> None:
    clip = load_clip(save_script(Traced(), tmp_path / "ViT.pt"))
    assert clip.size == tiny_clip().size
    expected = tiny_clip().visual.transformer.resblocks[1].mlp.c_fc.weight.half().float()
    assert torch.equal(clip.visual.transformer.resblocks[1].mlp.c_fc.weight, expected)
