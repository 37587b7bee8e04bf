"""Makes the table of words that is shipped: `python distil.py <texts.txt> <results of read.ts> <directory for the table>`.

1. Each token of the vocabulary, and each frequent word that is none, begins as the teacher's vector of it alone, weighed by
   how seldom it is in ordinary text (SIF, 1e-4).
2. The vectors are then moved, no more than needed, to where their sums for the texts point as the teacher's vectors of the
   texts do: ridge regression, by conjugate gradients, in two rounds since the sums' lengths change.
3. What is left of 384 numbers are the 192 along which the texts differ most; 8 bits each.
"""

import os
import sys

import measure
import numpy as np
import scipy.sparse as sp
from tokenizers import Tokenizer

HIDDEN = 384
DIMS = int(os.environ.get("DIMS", "192"))
RIDGE = float(os.environ.get("RIDGE", "10"))
SIF = 1e-4
ROUNDS, STEPS = 2, 20


def floats(*path: str) -> np.ndarray:
    return np.fromfile(os.path.join(*path), np.float32).reshape(-1, HIDDEN)


class Words:
    """Texts as rows of the table: whole words where it has them, else pieces."""

    def __init__(self, tokenizer: Tokenizer, extra: list[str]):
        self.tokenizer = tokenizer
        self.rows = dict(tokenizer.get_vocab())
        self.extra = {word: len(self.rows) + i for i, word in enumerate(extra)}
        self.known: dict[str, list[int]] = {}

    def word(self, word: str) -> list[int]:
        row = self.rows.get(word, self.extra.get(word))
        return [row] if row is not None else self.tokenizer.encode(word, add_special_tokens=False).ids

    def text(self, text: str) -> list[int]:
        normal = self.tokenizer.normalizer.normalize_str(text)
        out: list[int] = []
        for word, _ in self.tokenizer.pre_tokenizer.pre_tokenize_str(normal):
            if word not in self.known:
                self.known[word] = self.word(word)
            out += self.known[word]
        return out


def counts_matrix(lists: list[list[int]], width: int) -> sp.csr_matrix:
    ends = np.concatenate([[0], np.cumsum([len(x) for x in lists])])
    columns = np.concatenate([np.array(x, np.int64) for x in lists])
    return sp.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(lists), width))


def united(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def seldom(counts: np.ndarray, pieces: int) -> np.ndarray:
    """SIF weights. The vocabulary is in the order of frequency, roughly, which stands in for words that no text has."""
    rank = np.concatenate([np.arange(pieces), np.linspace(20_000, 60_000, len(counts) - pieces)])
    prior = 1 / (rank + 2.7)
    share = counts + 0.2 * counts.sum() * prior / prior.sum()
    share /= share.sum()
    return (SIF / (SIF + share))[:, None].astype(np.float32)


def fit(texts: sp.csr_matrix, wanted: np.ndarray, start: np.ndarray) -> np.ndarray:
    table = start
    for _ in range(ROUNDS):
        factor = 1 / np.maximum(np.linalg.norm(texts @ table, axis=1), 1e-6).astype(np.float32)
        rows = sp.diags(factor) @ texts
        hold = RIDGE * float(np.mean(factor**2))
        moved = table - start
        apply = lambda x: rows.T @ (rows @ x) + hold * x  # noqa: E731
        left = rows.T @ (wanted - rows @ start) - apply(moved)
        step, square = left.copy(), (left * left).sum(0)
        for _ in range(STEPS):
            image = apply(step)
            length = square / np.maximum((step * image).sum(0), 1e-20)
            moved, left = moved + length * step, left - length * image
            square, before = (left * left).sum(0), square
            step = left + square / np.maximum(before, 1e-20) * step
        table = (start + moved).astype(np.float32)
        print("cosine with the teacher", float((united(texts @ table) * wanted).sum(1).mean()), flush=True)
    return table


def axes(vectors: np.ndarray) -> np.ndarray:
    centred = (vectors - vectors.mean(0)).astype(np.float64)
    return np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :DIMS].astype(np.float32)


def quantised(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scales = np.abs(table).max(1) / 127
    scales[scales == 0] = 1
    return scales.astype(np.float32), np.rint(table / scales[:, None]).astype(np.int8)


def main(source: str, read: str, out: str) -> None:
    tokenizer = Tokenizer.from_file(os.path.join(os.environ["MODEL"], "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with open(os.path.join(read, "words.txt")) as file:
        extra = file.read().split("\n")
    words = Words(tokenizer, extra)
    with open(source) as file:
        texts = file.read().splitlines()
    parts = [floats(read, f"texts-{part}.f32") for part in (0, 1)]
    teacher = np.zeros((len(texts), HIDDEN), np.float32)
    teacher[0::2], teacher[1::2] = parts
    alone = np.vstack([floats(read, "vocabulary.f32"), floats(read, "words.f32")])
    matrix = counts_matrix([words.text(t) for t in texts], len(alone))
    counts = np.asarray(matrix.sum(0)).ravel()
    start = (alone - alone.mean(0)) * seldom(counts, len(words.rows))
    table = fit(matrix, united(teacher - teacher.mean(0)), start)
    table = table @ axes(united(matrix @ table))
    scales, numbers = quantised(table)
    lines = sorted(words.rows, key=words.rows.get) + extra
    header = b"CXSTAT01" + np.array([len(lines), DIMS], "<u4").tobytes()
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "table.bin"), "wb") as file:
        file.write(header + scales.astype("<f4").tobytes() + numbers.tobytes())
    with open(os.path.join(out, "vocabulary.txt"), "w") as file:
        file.write("\n".join(lines) + "\n")
    real = scales[:, None] * numbers
    print(DIMS, RIDGE, measure.measure(lambda ts: united(np.array([real[words.text(t)].sum(0) for t in ts]))))


if __name__ == "__main__":
    main(*sys.argv[1:4])
