import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDirectory } from "../helpers/temp.ts";

type Life = { readonly said: readonly string[]; readonly signal: string | undefined };

const live = (directory: string): Promise<Life> =>
  new Promise((resolve) => {
    const program = join(import.meta.dirname, "deadly.ts");
    execFile(process.execPath, [program, directory], { timeout: 60_000 }, (error, stdout) =>
      resolve({ said: stdout.trim().split("\n"), signal: error?.signal ?? undefined }),
    );
  });

test("a message that kills the server each time is a dead letter after three kills, and nothing else is", async () => {
  using directory = tempDirectory();
  const lives: Life[] = [];
  do lives.push(await live(directory.path));
  while (lives.at(-1)?.signal === "SIGKILL" && lives.length < 6);
  expect(lives.map(({ signal }) => signal)).toEqual(["SIGKILL", "SIGKILL", "SIGKILL", undefined]);
  const said = lives.flatMap(({ said: lines }) => lines);
  const [end = ""] = said.filter((line) => line.startsWith("E "));
  const dead: unknown = JSON.parse(end.slice(2));
  const reason = "the server ended while it was in hand";
  // Nothing was recorded in the first life, in which nothing had gone wrong yet.
  const history = [2, 3].map((attempt) => ({ attempt, atMs: expect.any(Number), reason }));
  expect(dead).toMatchObject([
    { code: "CRASHED_DELIVERIES", reason: "the server ended 3 times while it was in hand", attempts: 3, history },
  ]);
  expect(end).toContain("deadly");
  expect(new Set(said.filter((line) => line.startsWith("P harmless")))).toHaveProperty("size", 59);
  // It ended in order, so that the next life begins without suspects.
  expect(existsSync(join(directory.path, "messages.hand"))).toBe(false);
}, 120_000);
