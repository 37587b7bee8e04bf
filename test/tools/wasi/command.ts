import { FileBroker } from "../../../src/tools/brokers/files/index.ts";
import { HostCallHandler } from "../../../src/tools/sandbox/host-calls/host-call-handler.ts";
import { FUEL_EXPORT, meter, METER_LIMITS, START_EXPORT } from "../../../src/tools/sandbox/meter/index.ts";
import { type HostBridge, Wasi, WASI_MODULE, wasiImports } from "../../../src/tools/sandbox/wasi/index.ts";
import {
  decodeIoReply,
  decodeIoRequest,
  encodeIoRequest,
  type IoRequest,
} from "../../../src/tools/sandbox/wire/index.ts";
import { mint, ToolCallId } from "../../../src/kernel/ids.ts";
import { type FileGrant, NO_GRANTS } from "../../../src/tools/catalogue/index.ts";
import { brokerOf } from "../../helpers/broker.ts";
import { CommandStreams } from "./streams.ts";

/** A WASI command and what it is given. */
export type Command = {
  readonly module: Uint8Array;
  /** Without the program's own name. */
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The directory that it sees, granted for writing unless `grants` say otherwise; without one it sees none. */
  readonly root?: string | undefined;
  readonly grants?: readonly FileGrant[];
  readonly stdin?: string;
  readonly clock?: boolean;
  readonly fileBytesMax?: number | undefined;
  readonly fuel?: bigint;
  /** Called for each request for a file, before it is made. */
  readonly onRequest?: (request: IoRequest) => void;
};
export type Ended = {
  /** Undefined when it did not end on its own; `trap` then says what happened. */
  readonly exitCode: number | undefined;
  readonly trap: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly fuel: bigint;
};

const FUEL = 20_000_000_000n;
const WAIT_MS = 30_000;

class Exit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Runs a WASI command to its end as a tool server would be run: metered, on our WASI, with a real broker over a directory. */
export async function runCommand(command: Command): Promise<Ended> {
  const { bytes } = meter(new Uint8Array(command.module), METER_LIMITS);
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  const streams = new CommandStreams(Buffer.from(command.stdin ?? ""));
  const handler = handlerFor(command);
  let fuel: WebAssembly.Global | undefined;
  const gate: HostBridge = {
    suspend: async (begin, finish) => finish(await new Promise((resolve) => void begin(resolve))),
    charge: (cost) => {
      if (typeof fuel?.value === "bigint") fuel.value -= BigInt(cost);
    },
  };
  const wasi = new Wasi(
    {
      gate,
      stdio: streams,
      exit: (code) => {
        throw new Exit(code);
      },
      files: (request, settle) => {
        command.onRequest?.(request);
        // Over the wire and back, as between two processes.
        const sent = decodeIoRequest(Buffer.concat(encodeIoRequest(1, request)));
        if (sent === undefined) throw new Error(`the request ${request.op} does not survive the wire`);
        void handler.serve(sent.request).then((reply) => settle(decodeIoReply(Buffer.concat(reply))));
      },
      preopened: command.root === undefined ? [] : undefined,
    },
    {
      arguments: ["command", ...(command.arguments ?? [])],
      environment: Object.entries(command.environment ?? {}),
      clock: command.clock ?? true,
      random: true,
    },
  );
  const names = WebAssembly.Module.imports(module).map(({ name }) => name);
  const { exports } = new WebAssembly.Instance(module, { [WASI_MODULE]: wasiImports(wasi, names) });
  const { memory } = exports;
  const counter = exports[FUEL_EXPORT];
  if (memory instanceof WebAssembly.Memory) wasi.memory.bind(memory);
  if (!(counter instanceof WebAssembly.Global)) throw new Error("the module was not metered");
  fuel = counter;
  fuel.value = command.fuel ?? FUEL;
  const end = await run(exports);
  await handler.end();
  const used = (command.fuel ?? FUEL) - (typeof fuel.value === "bigint" ? fuel.value : 0n);
  return { ...end, stdout: streams.stdout, stderr: streams.stderr, fuel: used };
}

function handlerFor({ root, grants, environment, fileBytesMax }: Command): HostCallHandler {
  const files = new FileBroker({ root: root ?? "/nonexistent", fileBytesMax });
  const granted = grants ?? (root === undefined ? [] : [{ path: ".", access: "write" as const }]);
  return new HostCallHandler(brokerOf(files, environment ?? {}), {
    server: "command",
    grants: { ...NO_GRANTS, files: granted },
    call: mint(ToolCallId),
    context: { session: "test", workspace: "default", agent: undefined, files: [] },
  });
}

async function run(exports: {
  readonly [name: string]: unknown;
}): Promise<{ readonly exitCode: number | undefined; readonly trap: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${WAIT_MS} ms`)), WAIT_MS);
  });
  try {
    for (const name of [START_EXPORT, "_start"]) {
      const entry = exports[name];
      if (isCallable(entry)) await Promise.race([WebAssembly.promising(entry)(), late]);
    }
    return { exitCode: 0, trap: "" };
  } catch (error) {
    if (error instanceof Exit) return { exitCode: error.exitCode, trap: "" };
    return { exitCode: undefined, trap: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

const isCallable = (value: unknown): value is WebAssembly.Callable => typeof value === "function";
