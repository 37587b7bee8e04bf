import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.crash-suspects");

type Life = { readonly said: readonly string[]; readonly signal: string | null };

/** One process, killed `killAfterMs` after it began to deliver; without a time it ends normally or by its message. */
async function live(directory: string, deadly: string, killAfterMs?: number): Promise<Life> {
  const program = join(import.meta.dirname, "deadly.ts");
  const child = spawn(process.execPath, [program, directory, deadly], { stdio: ["ignore", "pipe", "inherit"] });
  const said: string[] = [];
  const ended = once(child, "close");
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line === "R" && killAfterMs !== undefined) void sleep(killAfterMs).then(() => child.kill("SIGKILL"));
  }
  await ended;
  return { said, signal: child.signalCode };
}

const deadLetters = (said: readonly string[]): unknown =>
  JSON.parse(said.find((line) => line.startsWith("E "))?.slice(2) ?? "null");

// router.crashes.S4
test("a message that kills the server each time is a dead letter after three kills in which only it was in flight", async () => {
  using directory = tempDirectory();
  const lives: Life[] = [];
  do lives.push(await live(directory.path, "message 20"));
  while (lives.at(-1)?.signal === "SIGKILL" && lives.length < 9);
  // In the first life nothing is recorded, in the second one it is one of several.
  expect(lives.map(({ signal }) => signal)).toEqual([...Array.from({ length: 5 }, () => "SIGKILL"), null]);
  const said = lives.flatMap(({ said: lines }) => lines);
  const reason = "the server ended while only it was in flight";
  const history = [1, 2, 3].map((attempt) => ({ attempt, atMs: expect.any(Number), reason }));
  const why = {
    code: "CRASHED_DELIVERIES",
    reason: "the server ended 3 times while only it was in flight",
    attempts: 3,
  };
  expect(deadLetters(said)).toEqual([{ ...why, history, body: expect.stringContaining("message 20") }]);
  expect(new Set(said.filter((line) => line.startsWith("P ")))).toHaveProperty("size", 59);
  // It ended in order, so that the next life begins without suspects.
  expect(existsSync(join(directory.path, "messages.hand"))).toBe(false);
}, 120_000);

test("kills from outside make no message a dead letter", async () => {
  using directory = tempDirectory();
  const said: string[] = [];
  // A handler takes 50 ms: there is always one running.
  for (let life = 0; life < 8; life += 1) said.push(...(await live(directory.path, "none", (life * 37) % 50)).said);
  const last = await live(directory.path, "none");
  expect(last.signal).toBe(null);
  said.push(...last.said);
  expect(deadLetters(said)).toEqual([]);
  expect(new Set(said.filter((line) => line.startsWith("P ")))).toHaveProperty("size", 60);
}, 120_000);
