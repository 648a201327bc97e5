"""What will the networks run on?"""

import os

import psutil
import torch

from wsss_core.commands.checks.finding import Finding, ok

_GB = 1e9
_LITTLE_MEMORY_GB = 4.0


def check_device(device: str, on_cluster: bool = False) -> list[Finding]:
    """Findings about the machine, for the setting `compute.device` (auto, cpu, cuda, cuda:n).

    `on_cluster`: jobs go to nodes with cards, so this machine, the login node, needs none.
    """
    memory_gb = psutil.virtual_memory().total / _GB
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    machine = f"{cores} CPU cores, {memory_gb:.0f} GB memory"
    findings = [_cuda(device, machine) if torch.cuda.is_available() else _without_cuda(device, machine, on_cluster)]
    if memory_gb < _LITTLE_MEMORY_GB:
        findings.append(Finding("warning", f"only {memory_gb:.1f} GB memory", "use small crops, batches and networks"))
    return findings


def _cuda(device: str, machine: str) -> Finding:
    count = torch.cuda.device_count()
    index = int(device.partition(":")[2] or 0)
    if device.startswith("cuda") and index >= count:
        return Finding("fault", f"compute.device is {device}, found {count} GPUs", f"choose cuda:0 to cuda:{count - 1}")
    if device == "cpu":
        return ok(f"device cpu as set, though there are {count} GPUs; {machine}")
    about = torch.cuda.get_device_properties(index)
    return ok(f"device cuda:{index}, {about.name} with {about.total_memory / _GB:.0f} GB; {machine}")


def _without_cuda(device: str, machine: str, on_cluster: bool) -> Finding:
    if device.startswith("cuda") and on_cluster and torch.version.cuda is not None:
        return ok(f"device {device} on the nodes of `compute.cluster`, not looked at; here {machine}, no GPU")
    if device.startswith("cuda"):
        built = "this PyTorch is built without CUDA" if torch.version.cuda is None else "no GPU or driver was found"
        return Finding(
            "fault",
            f"compute.device is {device}, but {built}",
            "set it to auto or cpu, or install a CUDA build of torch",
        )
    return ok(f"device cpu; {machine}")
