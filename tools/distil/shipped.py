"""What the table that is shipped makes of eval/: `python shipped.py <models/static-minilm>`. Needs no model."""

import os
import sys

import measure
import numpy as np
from distil import Words, united
from tokenizers import BertWordPieceTokenizer

# Of BERT; what follows in vocabulary.txt are whole words.
PIECES = 30522


def main(table: str) -> None:
    with open(os.path.join(table, "table.bin"), "rb") as file:
        data = file.read()
    count, dims = np.frombuffer(data, "<u4", 2, 8)
    scales = np.frombuffer(data, "<f4", count, 16)
    rows = scales[:, None] * np.frombuffer(data, np.int8, offset=16 + scales.nbytes).reshape(count, dims)
    with open(os.path.join(table, "vocabulary.txt")) as file:
        lines = file.read().split("\n")[:count]
    pieces = BertWordPieceTokenizer({piece: row for row, piece in enumerate(lines[:PIECES])}, lowercase=True)
    words = Words(pieces._tokenizer, lines[PIECES:])
    print(measure.measure(lambda texts: united(np.array([rows[words.text(text)].sum(0) for text in texts]))))


if __name__ == "__main__":
    main(*sys.argv[1:2])
