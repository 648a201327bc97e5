"""Attention between a handful of prompt tokens and the cells of an image, SAM's decoder (Kirillov et al., ICCV 2023).

There are T ~ 7 tokens but N = 4096 cells, and the cells differ from prompt to prompt. Projecting all cells to keys,
values and queries, as the definition says, costs 4 N D E per prompt and layer. Moving the projection to the token side,
q·(W k) = (Wᵀ q)·k, gives the same numbers with heads * T = 56 vectors instead of E = 128 and needs no projected copy.

Axes: B prompts, T tokens, N cells, D width, E inner width, G heads, F = E / G.
"""

import torch
from torch import nn


class TokenAttention(nn.Module):
    """Multi-head attention with inner width E <= D; parameter names of the published checkpoint."""

    def __init__(self, width: int, heads: int, inner: int | None = None) -> None:
        super().__init__()
        inner = inner or width
        if inner % heads:
            raise ValueError(f"the inner width {inner} of an attention must be a multiple of its {heads} heads")
        self.heads = heads
        self.scale = (inner // heads) ** -0.5
        self.q_proj = nn.Linear(width, inner)
        self.k_proj = nn.Linear(width, inner)
        self.v_proj = nn.Linear(width, inner)
        self.out_proj = nn.Linear(inner, width)

    def forward(self, query_BTD: torch.Tensor, key_BSD: torch.Tensor, value_BSD: torch.Tensor) -> torch.Tensor:
        """Plain attention of T queries to S keys, (B, T, D). The other methods compute the same, arranged for size."""
        query, key, value = self._split(self.q_proj, query_BTD), self.keys(key_BSD), self.values(value_BSD)
        return self._merge((query @ key.transpose(-1, -2) * self.scale).softmax(-1) @ value)

    def keys(self, x_BSD: torch.Tensor) -> torch.Tensor:
        """Project to keys per head (B, G, S, F)."""
        return self._split(self.k_proj, x_BSD)

    def values(self, x_BSD: torch.Tensor) -> torch.Tensor:
        """Project to values per head (B, G, S, F)."""
        return self._split(self.v_proj, x_BSD)

    def queries(self, x_BSD: torch.Tensor) -> torch.Tensor:
        """Project to queries per head (B, G, S, F)."""
        return self._split(self.q_proj, x_BSD)

    def read(self, token_BTD: torch.Tensor, coded_BND: torch.Tensor, cell_BND: torch.Tensor) -> torch.Tensor:
        """Tokens attend to cells (keys `coded_BND`, values `cell_BND`, any float dtype); returns float32 (B, T, D)."""
        batch, tokens, width = token_BTD.shape
        query_BGTF = self.queries(token_BTD) * self.scale
        # The key bias adds the same number to all cells of a query, which the softmax cancels.
        probe_BGTD = query_BGTF @ self.k_proj.weight.view(self.heads, -1, width)
        probe_BQD = probe_BGTD.reshape(batch, -1, width).to(cell_BND.dtype)
        share_BQN = torch.bmm(probe_BQD, coded_BND.transpose(1, 2)).softmax(-1)
        mean_BGTD = torch.bmm(share_BQN, cell_BND).view(batch, self.heads, tokens, width).to(token_BTD.dtype)
        value_weight_GDF = self.v_proj.weight.view(self.heads, -1, width).transpose(1, 2)
        value_bias_GF = self.v_proj.bias.view(self.heads, 1, -1)
        return self._merge(mean_BGTD @ value_weight_GDF + value_bias_GF)

    def read_shared(self, token_BTD: torch.Tensor, key_GNF: torch.Tensor, value_GNF: torch.Tensor) -> torch.Tensor:
        """Tokens of all prompts attend to the same cells, projected once per image; returns (B, T, D)."""
        batch, tokens, _ = token_BTD.shape
        query_GQF = (self.queries(token_BTD) * self.scale).transpose(0, 1).flatten(1, 2).to(key_GNF.dtype)
        mixed_GQF = torch.bmm(query_GQF, key_GNF.transpose(1, 2)).softmax(-1) @ value_GNF
        mixed_GBTF = mixed_GQF.view(self.heads, batch, tokens, -1).to(token_BTD.dtype)
        return self._merge(mixed_GBTF.transpose(0, 1))

    def write(
        self, cell_BND: torch.Tensor, coded_BND: torch.Tensor, key_BTD: torch.Tensor, value_BTD: torch.Tensor
    ) -> torch.Tensor:
        """Cells attend to tokens: `cell + attention(coded, key, value)`, (B, N, D). Overwrites `cell_BND` outside of
        gradient mode."""
        batch, _, width = key_BTD.shape
        key_BGTF = self.keys(key_BTD) * self.scale
        probe_BQD = (key_BGTF @ self.q_proj.weight.view(self.heads, -1, width)).flatten(1, 2)
        offset_BQ1 = (key_BGTF @ self.q_proj.bias.view(self.heads, -1, 1)).flatten(1, 2)
        dtype = cell_BND.dtype
        score_BQN = torch.baddbmm(offset_BQ1.to(dtype), probe_BQD.to(dtype), coded_BND.transpose(1, 2))
        share_BNQ, message_BQD = self._shares(score_BQN.view(batch, self.heads, -1, score_BQN.shape[-1]), value_BTD)
        if torch.is_grad_enabled():
            return torch.baddbmm(cell_BND, share_BNQ, message_BQD.to(dtype))
        # 4 MB per prompt: the copy that the line above makes costs as much as the product.
        return cell_BND.baddbmm_(share_BNQ, message_BQD.to(dtype))

    def write_shared(
        self, cell_1ND: torch.Tensor, query_GNF: torch.Tensor, key_BTD: torch.Tensor, value_BTD: torch.Tensor
    ) -> torch.Tensor:
        """As `write` where all prompts still share the cells, whose queries are projected once per image; (B, N, D)."""
        batch = len(key_BTD)
        key_GQF = (self.keys(key_BTD) * self.scale).transpose(0, 1).flatten(1, 2).to(cell_1ND.dtype)
        score_GQN = torch.bmm(key_GQF, query_GNF.transpose(1, 2))
        score_BGTN = score_GQN.view(self.heads, batch, -1, score_GQN.shape[-1]).transpose(0, 1)
        share_BNQ, message_BQD = self._shares(score_BGTN, value_BTD)
        return torch.baddbmm(cell_1ND, share_BNQ, message_BQD.to(cell_1ND.dtype))

    def _shares(self, score_BGTN: torch.Tensor, value_BTD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Share of each token and head in each cell (B, N, Q), and what each brings (B, Q, D); Q = G * T."""
        width = value_BTD.shape[-1]
        share_BQN = score_BGTN.softmax(2).flatten(1, 2)
        message_BGTD = self.values(value_BTD) @ self.out_proj.weight.t().view(self.heads, -1, width)
        # The shares of a cell sum to 1 in each head, so every message may carry its part of the output bias.
        message_BQD = (message_BGTD + self.out_proj.bias / self.heads).flatten(1, 2)
        return share_BQN.transpose(1, 2), message_BQD

    def _split(self, projection: nn.Linear, x_BSD: torch.Tensor) -> torch.Tensor:
        return projection(x_BSD).unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _merge(self, mixed_BGTF: torch.Tensor) -> torch.Tensor:
        return self.out_proj(mixed_BGTF.transpose(1, 2).flatten(2))
