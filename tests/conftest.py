"""What holds for all tests: one thread (results and times do not depend on the machine), no time limit per example."""

import cv2
import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("shared_machine", deadline=None)
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=5000)
hypothesis.settings.load_profile("shared_machine")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
