"""The shape of a model: what its weights, its memory of a conversation and its arithmetic amount to, layer by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Literal

Kind = Literal["full", "window", "mla", "linear", "none"]


@dataclass(frozen=True, slots=True)
class Mixer:
    """How one layer mixes tokens: attention with its cache, or a recurrence with its state.

    `params`: weights, biases and norms of it. `kv_values`: numbers kept per token over all heads.
    `kv_heads`: how far the cache can be cut; 0 for MLA, whose latent every GPU keeps whole.
    `window`: tokens after which it forgets. `state_values`: numbers per conversation, whatever its length.
    `reach`: multiply-adds per (token, earlier token). `chosen`: how many of the kept tokens are attended to, picked by
    an index of `index_values` per token (part of `kv_values`) that costs `index_reach` for each; None: all of them.
    """

    kind: Kind
    params: int
    heads: int
    kv_heads: int
    kv_values: int
    reach: int
    window: int | None = None
    state_values: int = 0
    chosen: int | None = None
    index_values: int = 0
    index_reach: int = 0

    def kept(self, context: int) -> int:
        """Tokens of a conversation of this length that stay in its cache."""
        if self.kind in {"linear", "none"}:
            return 0
        return context if self.window is None else min(context, self.window)

    def read_share(self, context: int) -> float:
        """Share of its cache that a new token reads: all, or the index and the chosen tokens."""
        kept = self.kept(context)
        if self.chosen is None or kept <= self.chosen:
            return 1.0
        own = self.kv_values - self.index_values
        return (self.index_values + own * self.chosen / kept) / self.kv_values

    def looks(self, context: int) -> int:
        """Multiply-adds of a new token with those before it."""
        kept = self.kept(context)
        attended = kept if self.chosen is None else min(kept, self.chosen)
        return self.reach * attended + self.index_reach * kept

    def kv_per_rank(self, tp: int) -> float:
        """Numbers per token on each of `tp` GPUs: heads are cut, never below one; MLA is not cut."""
        if self.kv_heads == 0:
            return float(self.kv_values)
        return self.kv_values * max(1.0, self.kv_heads / tp) / self.kv_heads


@dataclass(frozen=True, slots=True)
class FeedForward:
    """What follows the mixer: `params` are read for every token, of `experts` each token takes `chosen`."""

    params: int
    experts: int = 0
    chosen: int = 0
    expert_params: int = 0

    @property
    def total(self) -> int:
        return self.params + self.experts * self.expert_params

    @property
    def active(self) -> int:
        """Weights that take part in one token's arithmetic."""
        return self.params + self.chosen * self.expert_params

    def experts_met(self, tokens: float) -> float:
        """Different experts that a batch of this many tokens meets, if the router spreads them evenly.

        >>> FeedForward(0, experts=128, chosen=8, expert_params=1).experts_met(1)
        8.0
        """
        if self.experts == 0:
            return 0.0
        missed: float = (1.0 - self.chosen / self.experts) ** tokens
        return self.experts * (1.0 - missed)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer; `norms` are the weights of its norms."""

    mixer: Mixer
    feed: FeedForward
    norms: int = 0

    @property
    def params(self) -> int:
        return self.mixer.params + self.feed.total + self.norms

    @property
    def parts(self) -> int:
        """Mixer and feed-forward, as far as it has them: each ends in an all-reduce of a tensor-parallel group."""
        return (self.mixer.kind != "none") + (self.feed.total > 0)


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A causal language model. `layers` are pairs (layer, how many of it).

    `stored`: the quantisation its files already have ("" where they are 16 bit).
    `beyond_text`: weights of a vision tower, kept beside the language model and idle while it writes.
    """

    name: str
    architecture: str
    hidden: int
    vocab: int
    tied: bool
    context: int
    layers: tuple[tuple[Layer, int], ...]
    stored: str = ""
    beyond_text: int = 0

    @property
    def depth(self) -> int:
        return sum(count for _, count in self.layers)

    @property
    def embedding(self) -> int:
        """Weights of the input table; the output head has as many, and shares them where tied."""
        return self.vocab * self.hidden

    @property
    def head(self) -> int:
        return 0 if self.tied else self.embedding

    @property
    def params(self) -> int:
        """All weights of the language model."""
        inside = sum(layer.params * count for layer, count in self.layers)
        return inside + self.embedding + self.head + self.hidden  # the last norm

    @property
    def active(self) -> int:
        """Weights in the arithmetic of one token, with the output head."""
        inside = sum(
            (layer.mixer.params + layer.feed.active + layer.norms) * n for layer, n in self.layers
        )
        return inside + self.embedding

    @property
    def expert_params(self) -> int:
        return sum(x.feed.experts * x.feed.expert_params * n for x, n in self.layers)

    @property
    def body_params(self) -> int:
        """Weights of the layers without experts: what a quantisation of dense layers reaches."""
        return sum((x.params - x.feed.experts * x.feed.expert_params) * n for x, n in self.layers)

    @property
    def heads(self) -> int:
        """Attention heads that tensor parallelism must divide."""
        return max(layer.mixer.heads for layer, _ in self.layers)

    @property
    def kv_heads(self) -> int:
        """Heads of the cache; 0 where all attention is MLA or none."""
        return max(layer.mixer.kv_heads for layer, _ in self.layers)

    @property
    def sparse(self) -> bool:
        return self.expert_params > 0

    @property
    def uniform(self) -> bool:
        """Whether each token costs the same cache for ever: no window, no recurrence."""
        return all(x.mixer.kind in {"full", "mla"} for x, _ in self.layers)

    def kv_values(self, context: int, tp: int = 1) -> float:
        """Numbers of cache one conversation of this length keeps on each of `tp` GPUs, recurrent state included."""
        return sum(
            (x.mixer.kept(context) * x.mixer.kv_per_rank(tp) + x.mixer.state_values / tp) * n
            for x, n in self.layers
        )

    def kv_read(self, context: int, tp: int = 1) -> float:
        """Numbers of cache and state that one step reads of a conversation on each of `tp` GPUs."""
        return sum(
            (x.mixer.kept(context) * x.mixer.read_share(context) * x.mixer.kv_per_rank(tp)
             + x.mixer.state_values / tp) * n
            for x, n in self.layers
        )  # fmt: skip

    @property
    def parts(self) -> int:
        """Mixers and feed-forwards of all layers."""
        return sum(layer.parts * n for layer, n in self.layers)

    def kv_bytes_per_token(self, *, tp: int = 1, pp: int = 1, kv_bytes: float = 2.0) -> float:
        """Bytes of cache that one more token costs on each GPU while no window is full."""
        values = sum(x.mixer.kept(1) * x.mixer.kv_per_rank(tp) * n for x, n in self.layers)
        return values * kv_bytes / pp

    def attention_reach(self, context: float) -> float:
        """Multiply-adds of attention for one new token that looks back over `context` tokens."""
        return sum(x.mixer.looks(int(context)) * n for x, n in self.layers)


def stacked(layers: Iterable[Layer]) -> tuple[tuple[Layer, int], ...]:
    """Equal layers as one with a count, in order of first appearance."""
    return tuple(Counter(layers).items())


def matrix(*sides: int, bias: int = 0) -> int:
    """Weights of a matrix, and of its bias."""
    return prod(sides) + bias
