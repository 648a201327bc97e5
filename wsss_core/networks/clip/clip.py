"""CLIP (Radford et al., ICML 2021): an image encoder and a text encoder into one space. Names as in OpenAI's files."""

import math

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.clip.blocks import LayerNorm, text_transformer
from wsss_core.networks.clip.image_encoder import ImageEncoder
from wsss_core.networks.clip.size import ClipSize
from wsss_core.networks.normalisation import Normalisation

CLIP_RGB = Normalisation(
    mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711), bgr=False, scale=1 / 255
)
"""Input rule of every CLIP."""
START_TEMPERATURE = 0.07


class CLIP(nn.Module):
    """Both encoders. Built with random weights; those of a file come from `checkpoints.clip_file`."""

    def __init__(self, size: ClipSize) -> None:
        super().__init__()
        self.size = size
        self.visual = ImageEncoder(size)
        self.transformer = text_transformer(size)
        self.token_embedding = nn.Embedding(size.vocabulary, size.text_width)
        self.positional_embedding = nn.Parameter(0.01 * torch.randn(size.context_length, size.text_width))
        self.ln_final = LayerNorm(size.text_width)
        self.text_projection = nn.Parameter(size.text_width**-0.5 * torch.randn(size.text_width, size.embedding))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / START_TEMPERATURE)))
        nn.init.normal_(self.token_embedding.weight, std=0.02)

    def text_features(self, words_GLD: torch.Tensor, end_G: torch.Tensor) -> torch.Tensor:
        """Features (G, E) of texts, before L2 normalisation.

        Args:
            words_GLD: word embeddings of the tokens, without positions; L up to the context length.
            end_G: int64 place of the token that ends each text, whose output is the feature.

        What stands behind the last end has no influence (the mask is causal) and is not computed.
        """
        length = int(end_G.max()) + 1
        x_GLD = words_GLD[:, :length] + self.positional_embedding[:length]
        x_GLD = self.ln_final(self.transformer(x_GLD, causal=True))
        return x_GLD[torch.arange(len(x_GLD), device=x_GLD.device), end_G] @ self.text_projection

    def image_features(self, tokens_BLD: torch.Tensor) -> torch.Tensor:
        """Features (B, E) of images, before L2 normalisation: the projection of the mean of the patch tokens.

        FMA-WSSS leaves the class token (the first) out, which CLIP itself would take.
        """
        return tokens_BLD[:, 1:].mean(dim=1) @ self.visual.proj

    def logits(self, image_BE: torch.Tensor, text_GE: torch.Tensor) -> torch.Tensor:
        """(B, G) = exp(logit_scale) · cosine, from features that need not be normalised."""
        image_BE, text_GE = functional.normalize(image_BE, dim=-1), functional.normalize(text_GE, dim=-1)
        return self.logit_scale.exp() * image_BE @ text_GE.T
