import { expect, test } from "vitest";
import { filePatternProblem, matchesFile, mayContain, parseFilePattern } from "./file-pattern.ts";

test.each([
  ["inbox/*.csv", "inbox/a.csv", true],
  ["inbox/*.csv", "inbox/a.txt", false],
  ["inbox/*.csv", "inbox/deep/a.csv", false],
  ["*.csv", "a.csv", true],
  ["**/*.csv", "a.csv", true],
  ["**/*.csv", "one/two/a.csv", true],
  ["data/**/report-?.txt", "data/report-1.txt", true],
  ["data/**/report-?.txt", "data/x/y/report-2.txt", true],
  ["data/**/report-?.txt", "other/report-2.txt", false],
])("%s and %s", (pattern, path, isMatch) => {
  expect(filePatternProblem(pattern)).toBeUndefined();
  expect(matchesFile(parseFilePattern(pattern), path.split("/"))).toBe(isMatch);
});

test.each([
  ["inbox/*.csv", "inbox", true],
  ["inbox/*.csv", "inbox/deep", false],
  ["inbox/*.csv", "outbox", false],
  ["**/*.csv", "any/where", true],
  ["a/**/b/*.csv", "a/x", true],
  ["a/**/b/*.csv", "b", false],
])("files of %s may be in %s: %s", (pattern, folder, isPossible) => {
  expect(mayContain(parseFilePattern(pattern), folder.split("/"))).toBe(isPossible);
});

test.each(["", "/etc/*", "../x", "a/../b", "a//b", "a/./b", "a/**", "a**/b", "**/**/**/x", "a\\b", "a\0b"])(
  "%j is no pattern",
  (pattern) => {
    expect(filePatternProblem(pattern)).toEqual(expect.any(String));
  },
);
