"""Sentences of ordinary English, for the teacher to read: `python texts.py <directory of clones> <out.txt>`.

Each line of sources.tsv names a repository, the commit at which its licence allows this use, the licence and a path pattern.
"""

import fnmatch
import html
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
EACH_MAX = 9000
WORDS_MAX = 14


def git(clone: str, *words: str) -> str:
    return subprocess.run(["git", "-C", clone, *words], check=True, capture_output=True).stdout.decode("utf8", "replace")


def sentences(path: str, text: str):
    if path.endswith((".cnxml", ".xhtml")):
        blocks = re.findall(r"<(?:para|p)\b[^>]*>(.*?)</(?:para|p)>", text, re.S)
    else:
        text = re.sub(r"```.*?```|^---.*?^---", "", text, flags=re.S | re.M)
        blocks = [b for b in re.split(r"\n\s*\n", text) if not re.match(r"\s*[#<{|!]", b)]
    for block in blocks:
        plain = html.unescape(re.sub(r"<[^>]*>", "", block))
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*_]", lambda m: m.group(1) or "", plain)
        plain = re.sub(r"\s+", " ", plain.replace("\u2060", "").replace("\u200a", "")).strip(" -")
        for sentence in re.split(r"(?<=[.!?][”\"’]) |(?<=[.!?]) (?=[A-Z“\"])", plain):
            words = sentence.split()
            if 4 <= len(words) <= 60 and sum(c.isalpha() for c in sentence) > 0.7 * len(sentence):
                yield sentence


def main(clones: str, out: str) -> None:
    chance = random.Random(192)
    seen: set[str] = set()
    with open(os.path.join(HERE, "sources.tsv")) as sources, open(out, "w") as file:
        for line in sources:
            repository, commit, _licence, pattern = line.rstrip("\n").split("\t")
            clone = os.path.join(clones, repository.replace("/", "+"), "repo")
            found = []
            for path in git(clone, "ls-tree", "-r", "--name-only", commit).splitlines():
                if fnmatch.fnmatch(path, pattern):
                    found += [s for s in sentences(path, git(clone, "show", f"{commit}:{path}")) if s not in seen]
            found = sorted(set(found))
            chance.shuffle(found)
            chosen = found[:EACH_MAX]
            seen.update(chosen)
            # Short ones tell more of a word in the time that the teacher needs.
            short = [s for s in chosen if len(s.split()) <= WORDS_MAX]
            print(repository, len(found), len(short))
            file.writelines(s + "\n" for s in short)


if __name__ == "__main__":
    main(*sys.argv[1:3])
