/** Has nothing open but a sandbox whose child has ended several times, and waits for a call. Says what that came to. */
import process from "node:process";
import { Room, textOf } from "./room.ts";
import { GO, smallServer } from "./small.ts";

const room = new Room({ cacheDirectory: undefined });
await room.deploy(await smallServer({}), "s", { tools: GO });
process.stdout.write("deployed, ");
for (let count = 0; count < 3; count += 1) {
  await room.text("s.go");
  for (const pid of room.pids()) process.kill(pid, "SIGKILL");
}
process.stdout.write(`after ${textOf(await room.call("s.go"))}\n`);
await room[Symbol.asyncDispose]();
