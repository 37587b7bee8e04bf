/** Entry of a thread that carries out one run: one port to the server, and nothing else. */
import { parentPort } from "node:worker_threads";
import { execute } from "../execution/index.ts";
import { carryOutFrom } from "./carry-out.ts";

if (parentPort === null) throw new Error("a run's thread is started by the server");
carryOutFrom(parentPort, execute);
