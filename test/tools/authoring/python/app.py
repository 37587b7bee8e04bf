"""Tools for the tests of Python."""

import heapq  # what Counter.most_common imports when it is called
import importlib
import random
import re
import time
from collections import Counter
from typing import Optional

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import texts
import wit_world


class Texts(exports.Texts):
    def words(self, text: str, size: texts.Size, ignore: Optional[list[str]]) -> list[texts.Counted]:
        found = Counter(word for word in re.findall(r"\w+", text.lower()) if word not in (ignore or []))
        most = found.most_common(size.value if isinstance(size, texts.Size_First) else None)
        return [texts.Counted(word=word, count=count) for word, count in most]


counted = 0


class WitWorld(wit_world.WitWorld):
    def divide(self, a: int, b: int) -> float:
        print(f"dividing {a} by {b}")
        return a / b

    def read_text(self, path: str) -> str:
        try:
            with open(path, encoding="utf8") as file:
                return file.read()
        except OSError as error:
            raise Err(f"{type(error).__name__}: {error.strerror}")

    def today(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime())

    def chance(self) -> int:
        return random.randrange(2**32)

    def load(self, module: str) -> str:
        try:
            return importlib.import_module(module).__name__
        except ImportError as error:
            raise Err(str(error))

    def large(self, mib: int) -> int:
        return len(bytes(mib * 1024 * 1024))

    def count(self) -> int:
        global counted
        counted += 1
        return counted

    def forever(self) -> None:
        while True:
            pass
