/** Entry of a worker that executes one run: one port to the server, and nothing else. */
import { parentPort } from "node:worker_threads";
import { execute } from "../execution/index.ts";
import { executeAssignment } from "./execute-assignment.ts";

if (parentPort === null) throw new Error("a run's worker is started by the server");
executeAssignment(parentPort, execute);
