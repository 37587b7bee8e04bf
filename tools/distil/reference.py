"""What `transformers` and `tokenizers` make of the texts of eval/ and of some odd and long ones: `python reference.py`.

reference/vectors.bin: for each text 384 int8, of a unit vector times 127 over its largest number; reference/tokens.jsonl: texts
with their ids. `npm run check:minilm` and the tests of the tokenizer compare with these.
"""

import json
import os

import measure
import numpy as np
import teacher

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference")

ODD = [
    "",
    " ",
    "\n\t  \r\n",
    ".",
    "?!?!...",
    "Ångström, naïve café, Łódź, Straße, İstanbul",
    "e\u0301galite\u0301 combining",
    "中文字符 and 日本語のテキスト mixed 한국어",
    "emoji 😀 🏳️‍🌈 👩‍👩‍👧 🫠 end",
    "zero\u200bwidth\ufeff and soft\u00adhyphen",
    "non\u00a0breaking\u2003em\u3000ideographic\u2028line",
    "control\u0000\u0001\u007f\u0085chars\u000b\u000c",
    "replacement \ufffd character",
    "Привет, мир! Γειά σου Κόσμε. שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก",
    "snake_case camelCase kebab-case SCREAMING_CASE dotted.path.name",
    "https://example.com/a/b?c=d&e=f#g user@example.org +49 (0)30 123456",
    "0xDEADBEEF 3.14159 1,000,000 2026-11-21T15:26:37Z 50% €20 £5 $3 ¥7",
    "x" * 100,
    "y" * 101,
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "don't can't it's o'clock rock'n'roll “quoted” ‘single’ «guillemets» —dash– …",
    "a\u0308o\u0308u\u0308 ÄÖÜ ﬁligree ½ ² ™ ® № Ⅷ",
    "`code` ~tilde~ ^caret^ |pipe| \\backslash\\ {brace} <angle> $dollar$ +plus+ =equals=",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝒎𝒂𝒕𝒉 𠜎𠜱 𐍈",
    "ǅ ǈ ß ẞ ſ K Å Ω",
    "\ue000 private \U0001fae8 newer emoji \U0001f9cc",
    "function add(a: number, b: number): number { return a + b; } // adds",
    "SELECT name, count(*) FROM users WHERE age >= 21 GROUP BY name HAVING count(*) > 1;",
]


def long_texts() -> list[str]:
    """Of 40 to several hundred tokens: passages put together."""
    documents = [row[1] for row in measure.PASSAGES]
    return [" ".join(documents[i : i + 2 + i % 24]) for i in range(0, 190, 4)]


def main() -> None:
    texts = list(dict.fromkeys(measure.TEXTS)) + ODD + long_texts()
    vectors = teacher.embed(texts)
    numbers = np.rint(vectors / np.abs(vectors).max(1, keepdims=True) * 127).astype(np.int8)
    with open(os.path.join(OUT, "vectors.bin"), "wb") as file:
        file.write(numbers.tobytes())
    with open(os.path.join(OUT, "tokens.jsonl"), "w") as file:
        rows = [json.dumps([text, teacher.encode(text)[1:-1]]) for text in texts]
        file.write("\n".join(rows) + "\n")
    print(len(texts))


if __name__ == "__main__":
    main()
