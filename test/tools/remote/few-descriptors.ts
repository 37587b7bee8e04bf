// Connects to a local server while no descriptor is left, then gives them back: node few-descriptors.ts <server's arguments...>
import { closeSync, openSync } from "node:fs";
import { processOf, runnerTo, serverIn } from "./room.ts";

await using runner = runnerTo(processOf(process.argv.slice(2)));
const taken: number[] = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  // Now there is none left.
}
const opened = runner.open(20_000);
const failed = await serverIn(runner, "failed");
for (const descriptor of taken) closeSync(descriptor);
await opened;
process.stdout.write(`${failed.reason}\n`);
process.stdout.write(`${(await serverIn(runner, "loaded")).tools.length > 0 ? "connected" : "empty"}\n`);
