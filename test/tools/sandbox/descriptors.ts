/** Uses up the descriptors of its process while a sandbox child has to be replaced, and says what its calls came to. */
import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { Room, textOf } from "./room.ts";
import { GO, smallServer } from "./small.ts";

function useUp(): readonly number[] {
  const held: number[] = [];
  try {
    for (;;) held.push(openSync("/dev/null", "r"));
  } catch {
    return held;
  }
}

// The sandbox's own timers keep no process alive.
const alive = setInterval(() => {}, 1_000);
const room = new Room({ cacheDirectory: undefined });
await room.deploy(await smallServer({}), "s", { tools: GO, limits: { deadlineMs: 5_000 } });
const before = await room.text("s.go");
const held = useUp();
for (const pid of room.pids()) process.kill(pid, "SIGKILL");
const calling = room.call("s.go");
// Longer than the first three attempts to start another.
await new Promise((resolve) => void setTimeout(resolve, 1_000));
const isWaiting = room.sandbox.stats().processes.every(({ isUp }) => !isUp);
for (const descriptor of held) closeSync(descriptor);
const after = textOf(await calling);
process.stdout.write(`before ${before}, without ${isWaiting ? "a process" : "none"}, after ${after}\n`);
await room[Symbol.asyncDispose]();
clearInterval(alive);
