"""Checks of SPML's networks: features, embeddings, local features."""

import numpy as np
import torch
from golden.cases import Case
from golden.spml_compare import assert_recorded
from golden.spml_setting import network, recipe
from golden.synthetic import synthetic_array, synthetic_image

from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.segments.local_features import blur_kernel, local_features

KERNEL_ENTRY = "lfn.smooth_kernel.weight"


@torch.inference_mode()
def check_forward(case: Case) -> None:
    height, width, seed = map(int, recipe(case, "synthetic_image"))
    x = torch.from_numpy(IMAGENET_RGB(synthetic_image(height, width, seed)))[None]
    net = network(case)
    embedding = net.embed(x)
    size_hw = (embedding.shape[2], embedding.shape[3])
    kernel = torch.from_numpy(synthetic_array(KERNEL_ENTRY, (3, 1, *blur_kernel().shape), case.spec["weight_seed"]))
    found = {f"res{number + 1}_sub": values for number, values in enumerate(net.backbone(x).values()) if number}
    found |= {
        "embedding": embedding,
        "embedding_full_sub": net.embed_pixels(x),
        "local_feature": local_features(x, size_hw, with_colour=False),
        "local_feature_true_kernel": local_features(x, size_hw, with_colour=True),
        "local_feature_synthetic_kernel": local_features(x, size_hw, with_colour=True, kernel=kernel),
        "smooth_kernel": blur_kernel().expand(3, 1, -1, -1),
    }
    for name in case.arrays:
        assert_recorded(case, name, np.asarray(found[name]))
