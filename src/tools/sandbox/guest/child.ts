/** Entry of a sandbox child: one pipe to the server, nothing else. It ends when the pipe does. */
import { Socket } from "node:net";
import { constants } from "node:os";
import process from "node:process";
import { encodeConfinement, isConfined, missingOf, readConfinementMode } from "../wire/index.ts";
import { loadMeter } from "./build.ts";
import { confine } from "./confinement/confine.ts";
import { Host } from "./host.ts";

const PIPE = 3;
const [, , given, use] = process.argv;
const mode = readConfinementMode(given);

// These need calls that are refused or removed afterwards.
const kill: unknown = Reflect.get(process, "_kill");
const socket = new Socket({ fd: PIPE });
if (use === "build") await loadMeter();

function start(): void {
  const confinement = confine(mode !== "off");
  if (mode === "required" && !isConfined(confinement)) {
    throw new Error(`SANDBOX_UNCONFINED: ${missingOf(confinement).join("; ")}`);
  }
  void new Host(socket, end, encodeConfinement(confinement));
}

/** Node's own way to end runs an event loop whose ring is refused, and aborts. */
function end(): void {
  if (typeof kill === "function") Reflect.apply(kill, process, [process.pid, constants.signals.SIGKILL]);
}

// Confinement renews the event loop, which must not be waiting for events meanwhile.
setImmediate(start);
