/** Entry of a sandbox thread: one port to the server. It ends when the port does. */
import process from "node:process";
import { MessagePort, workerData } from "node:worker_threads";
import { PortStream } from "../wire/index.ts";
import { Host } from "./host.ts";

const given: unknown = workerData;
if (!(given instanceof MessagePort)) throw new Error("a sandbox thread is started with the port to its server");

void new Host(new PortStream(given), () => process.exit(0));
