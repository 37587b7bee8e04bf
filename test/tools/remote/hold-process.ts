// Connects to a local server and stays until it is killed: node hold-process.ts <server's arguments...>
import { processOf, runnerTo } from "./room.ts";

const runner = runnerTo(processOf(process.argv.slice(2), { environment: { PID_FILE: process.env["PID_FILE"] ?? "" } }));
await runner.open(20_000);
process.stdout.write(
  `${runner
    .logs("remote")
    .map(({ text }) => text)
    .join("\n")}\nready\n`,
);
setInterval(() => undefined, 1_000);
