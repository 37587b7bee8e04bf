"""The model that is distilled: all-MiniLM-L6-v2 as `transformers` runs it (Flax), with mean pooling and unit length.

MODEL names the directory with model.safetensors, config.json and tokenizer.json.
"""

import os

import jax
import jax.numpy as jnp
import numpy as np
from tokenizers import Tokenizer
from transformers import FlaxBertModel

MODEL = os.environ["MODEL"]
TOKENS_MAX = 256
CLS, SEP = 101, 102

tokenizer = Tokenizer.from_file(os.path.join(MODEL, "tokenizer.json"))
tokenizer.no_padding()
tokenizer.no_truncation()

_bert = FlaxBertModel.from_pretrained(MODEL)


@jax.jit
def _pooled(params, ids, mask):
    states = _bert.module.apply(
        {"params": params}, ids, mask, jnp.zeros_like(ids), jnp.arange(ids.shape[1])[None].repeat(ids.shape[0], 0), jnp.ones((6, 12))
    )[0]
    mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / jnp.linalg.norm(mean, axis=1, keepdims=True)


def embed_ids(lists: list[list[int]], batch: int = 64) -> np.ndarray:
    """Unit vectors of texts given as ids with [CLS] and [SEP]; in batches of like length, so that little is padding."""
    order = sorted(range(len(lists)), key=lambda i: len(lists[i]))
    out = np.zeros((len(lists), 384), np.float32)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        longest = max(len(lists[i]) for i in chosen)
        width = 3 if longest <= 3 else -(-longest // 8) * 8
        ids = np.zeros((batch, width), np.int32)
        mask = np.zeros((batch, width), np.int32)
        mask[:, 0] = 1
        for row, i in enumerate(chosen):
            ids[row, : len(lists[i])] = lists[i]
            mask[row, : len(lists[i])] = 1
        out[chosen] = np.asarray(_pooled(_bert.params, ids, mask))[: len(chosen)]
    return out


def encode(text: str) -> list[int]:
    """Ids as the model takes them, cut at 256."""
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    return [CLS, *ids[: TOKENS_MAX - 2], SEP]


def embed(texts: list[str]) -> np.ndarray:
    return embed_ids([encode(text) for text in texts])
