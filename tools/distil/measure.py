"""How near an embedder's judgement is to the sentences of eval/: Spearman of the pairs, places of the paraphrases."""

import os

import numpy as np

EVAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "eval")


def rows(name: str) -> list[list[str]]:
    with open(os.path.join(EVAL, name)) as file:
        return [line.rstrip("\n").split("\t") for line in file]


PAIRS, PASSAGES = rows("pairs.tsv"), rows("passages.tsv")
TEXTS = [t for _, a, b in PAIRS for t in (a, b)] + [t for _, *texts in PASSAGES for t in texts]


def ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def places(queries: np.ndarray, documents: np.ndarray) -> str:
    cosines = queries @ documents.T
    place = (cosines > np.diag(cosines)[:, None]).sum(1)
    return f"R@1 {np.mean(place < 1):.3f} R@5 {np.mean(place < 5):.3f} MRR {np.mean(1 / (place + 1)):.3f}"


def measure(embed) -> str:
    """`embed` makes unit vectors of texts."""
    vectors = embed(TEXTS)
    pairs, rest = vectors[: 2 * len(PAIRS)], vectors[2 * len(PAIRS) :]
    spearman = np.corrcoef(ranks((pairs[::2] * pairs[1::2]).sum(1)), ranks(np.array([float(p[0]) for p in PAIRS])))[0, 1]
    return f"Spearman {spearman:.3f} | paraphrase {places(rest[1::3], rest[::3])} | keyword {places(rest[2::3], rest[::3])}"
