import { expect, test } from "vitest";
import { confidentialIn, confidentialInArguments } from "./secrets.ts";

const valuesIn = (name: string, value: string) => confidentialIn(name, value).map((each) => each.value);

test("of what a server is given, what is secret is found without what stands around it", () => {
  expect(valuesIn("authorization", "Bearer abcdefgh")).toEqual(["abcdefgh"]);
  expect(valuesIn("authorization", `Basic ${btoa("app:hunter2:2")}`)).toEqual([btoa("app:hunter2:2"), "hunter2:2"]);
  expect(valuesIn("DATABASE", "postgres://app:hunter%202@db/x?api_key=sk-1234")).toEqual([
    "hunter%202",
    "hunter 2",
    "sk-1234",
  ]);
  expect(valuesIn("X_NAME", "sk-live-1234567890")).toEqual(["sk-live-1234567890"]);
  expect(confidentialInArguments(["--api-key=one-two", "--token", "three", "-y"]).map(({ value }) => value)).toEqual([
    "one-two",
    "three",
  ]);
});

test("paths, words, numbers and names of packages are not hidden", () => {
  for (const value of ["/var/lib/caxton22/and/more", "production", "eu-central-1", "2026-07-28", "https://a.example/b"])
    expect(valuesIn("SETTING", value)).toEqual([]);
  expect(confidentialInArguments(["-y", "@modelcontextprotocol/server-filesystem@1.2.3", "/srv/shared"])).toEqual([]);
});
