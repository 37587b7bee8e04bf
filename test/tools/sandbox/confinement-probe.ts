/**
 * Loaded into a sandbox child ahead of its own program. Once that has started, it tries with every built-in module what
 * would reach beyond the child, prints the outcomes as JSON and ends the child.
 */
import { type EventEmitter, once } from "node:events";
import { builtinModules } from "node:module";

type Attempt = () => unknown;
/** A module with nothing in it that leaves the process. */
const PURE = "computes only";

const PLACE = "/tmp/caxton-escaped";
const PORT = 9;
const HOST = "127.0.0.1";

/** Rejects with the stream's error. */
const failing = (emitter: EventEmitter): Promise<unknown> => once(emitter, "never-emitted");

const ofProcess = (name: string, ...given: readonly unknown[]): unknown =>
  Reflect.apply(Reflect.get(process, name), process, given);

/** By the class itself, past the functions that check before they make one. */
const spawnBy = (Class: new () => object): unknown => {
  const child = new Class();
  return Reflect.apply(Reflect.get(child, "spawn"), child, [{ file: "/usr/bin/id", args: ["id"] }]);
};

const FILES: readonly Attempt[] = [
  async () => (await import("node:fs")).readFileSync("/etc/passwd"),
  async () => (await import("node:fs")).readFileSync(`/proc/${process.ppid}/environ`),
  async () => (await import("node:fs")).statSync("/etc"),
  async () => (await import("node:fs")).readdirSync("/"),
  async () => (await import("node:fs")).openSync("/proc/self/environ", "r"),
  async () => (await import("node:fs")).writeFileSync(PLACE, ""),
  async () => (await import("node:fs")).mkdtempSync(PLACE),
  async () => (await import("node:fs")).symlinkSync("/etc", PLACE),
  async () => (await import("node:fs")).linkSync("/etc/passwd", PLACE),
  async () => (await import("node:fs")).rmSync(PLACE),
  async () => (await import("node:fs")).chmodSync("/etc/passwd", 0o666),
  async () => (await import("node:fs")).fchmodSync(2, 0o777),
  async () => (await import("node:fs")).watch("/etc"),
  async () => (await import("node:fs")).openAsBlob("/etc/passwd"),
  async () => (await import("node:fs/promises")).readFile("/etc/passwd"),
  async () => (await import("node:fs/promises")).writeFile(PLACE, ""),
];

const PROCESSES: readonly Attempt[] = [
  async () => (await import("node:child_process")).execFileSync("id"),
  async () => (await import("node:child_process")).spawn("id"),
  async () => (await import("node:child_process")).fork("x"),
  async () => spawnBy((await import("node:child_process")).ChildProcess),
];

const SOCKETS: readonly Attempt[] = [
  async () => failing((await import("node:net")).connect(PORT, HOST)),
  async () => failing((await import("node:net")).connect("/tmp/caxton.sock")),
  async () => (await import("node:net")).createServer().listen(0),
  async () => (await import("node:net")).createServer().listen(`${PLACE}.sock`),
];

const sqlite: Attempt = async () => {
  const { DatabaseSync } = await import("node:sqlite");
  return new DatabaseSync(PLACE);
};
const FFI: readonly Attempt[] = [
  async () => (await import("node:ffi")).dlopen(null, {}),
  async () => new (await import("node:ffi")).DynamicLibrary(null),
  async () => (await import("node:ffi")).getInt8(4_096n),
  async () => (await import("node:ffi")).setInt8(4_096n, 0, 1),
  async () => (await import("node:ffi")).toBuffer(4_096n, 8),
  async () => (await import("node:ffi")).getRawPointer(new Uint8Array(8)),
  async () => (await import("node:ffi")).getCurrentEventLoop(),
];

/** By module, without its prefix: attempts, or why there is none. */
const ATTEMPTS: { readonly [module: string]: readonly Attempt[] | string } = {
  _http_agent: "see http",
  _http_client: "see http",
  _http_common: PURE,
  _http_incoming: PURE,
  _http_outgoing: PURE,
  _http_server: "see http",
  _tls_common: "see tls",
  _tls_wrap: "see tls",
  assert: PURE,
  "assert/strict": PURE,
  async_hooks: PURE,
  buffer: PURE,
  child_process: PROCESSES,
  cluster: [async () => (await import("node:cluster")).default.fork()],
  console: PURE,
  constants: PURE,
  crypto: [async () => (await import("node:crypto")).setEngine("/nowhere.so")],
  dgram: [
    async () => {
      const socket = (await import("node:dgram")).createSocket("udp4");
      socket.send("x", PORT, HOST);
      await failing(socket);
    },
  ],
  diagnostics_channel: PURE,
  dns: [async () => (await import("node:dns")).promises.lookup("localhost.example")],
  "dns/promises": [async () => new (await import("node:dns/promises")).Resolver().resolve4("example.com")],
  domain: PURE,
  events: PURE,
  ffi: FFI,
  fs: FILES,
  "fs/promises": "see fs",
  http: [async () => failing((await import("node:http")).get(`http://${HOST}:${PORT}/`))],
  http2: [async () => failing((await import("node:http2")).connect(`http://${HOST}:${PORT}/`))],
  https: [async () => failing((await import("node:https")).get(`https://${HOST}:${PORT}/`))],
  inspector: [
    async () => (await import("node:inspector")).open(0),
    async () => new (await import("node:inspector")).Session().connect(),
  ],
  "inspector/promises": [async () => new (await import("node:inspector/promises")).Session().connect()],
  module: [
    async () => (await import("node:module")).createRequire(`${PLACE}/`)("/etc/hostname"),
    async () => {
      const { status } = (await import("node:module")).enableCompileCache(PLACE);
      if (status === 0) throw new Error("no cache is written");
    },
  ],
  net: SOCKETS,
  os: [async () => (await import("node:os")).setPriority(process.ppid, 19)],
  path: PURE,
  "path/posix": PURE,
  "path/win32": PURE,
  perf_hooks: PURE,
  process: [
    () => process.kill(process.ppid, 0),
    () => ofProcess("_kill", process.ppid, 0),
    () => ofProcess("_debugProcess", process.ppid),
    () => ofProcess("binding", "fs"),
    () => ofProcess("_linkedBinding", "fs"),
    () => ofProcess("execve", "/usr/bin/id", ["id"], {}),
    () => process.dlopen({ exports: {} }, "/nowhere.node"),
    () => process.loadEnvFile("/etc/environment"),
    () => process.chdir("/"),
    () => process.umask(0),
    () => ofProcess("setuid", 0),
    () => ofProcess("setgid", 0),
    () => ofProcess("setgroups", [0]),
    () => ofProcess("initgroups", 0, 0),
    () => process.report.writeReport(PLACE),
    () => Reflect.get(globalThis, "localStorage").setItem("a", "b"),
    () => Reflect.construct(Function, ["return 1"]),
  ],
  punycode: PURE,
  querystring: PURE,
  readline: PURE,
  "readline/promises": PURE,
  repl: "what it does with files, it does through fs",
  sea: [async () => (await import("node:sea")).getRawAsset("x")],
  sqlite: [sqlite],
  stream: PURE,
  "stream/consumers": PURE,
  "stream/promises": PURE,
  "stream/web": PURE,
  string_decoder: PURE,
  sys: PURE,
  test: "it starts processes through child_process",
  "test/reporters": PURE,
  timers: PURE,
  "timers/promises": PURE,
  tls: [async () => failing((await import("node:tls")).connect(PORT, HOST))],
  trace_events: [async () => (await import("node:trace_events")).createTracing({ categories: ["node"] }).enable()],
  tty: "it takes only descriptors that are open",
  url: PURE,
  util: PURE,
  "util/types": PURE,
  v8: [
    async () => (await import("node:v8")).writeHeapSnapshot(PLACE),
    async () => (await import("node:v8")).setHeapSnapshotNearHeapLimit(1),
  ],
  vm: "code of the same process",
  wasi: [async () => new (await import("node:wasi")).WASI({ version: "preview1", preopens: { "/": "/" } })],
  worker_threads: [async () => new (await import("node:worker_threads")).Worker("1", { eval: true })],
  zlib: PURE,
};

async function outcomeOf(attempt: Attempt): Promise<string> {
  try {
    await attempt();
    return "done";
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    return "code" in error ? String(error.code) : `${error.name}: ${error.message}`;
  }
}

async function probe(): Promise<void> {
  const outcomes: Record<string, string> = {};
  for (const module of builtinModules.map((name) => name.replace(/^node:/, ""))) {
    const attempts = ATTEMPTS[module];
    if (attempts === undefined) outcomes[module] = "nothing is known of it";
    else if (typeof attempts !== "string")
      for (const [index, attempt] of attempts.entries()) outcomes[`${module} ${index}`] = await outcomeOf(attempt);
  }
  // It is left out of the list, as modules off by a flag are; what is there all the same would be found.
  for (const [name, attempt] of Object.entries({ sqlite })) outcomes[name] = await outcomeOf(attempt);
  process.stdout.write(JSON.stringify(outcomes), () => process.exit(0));
}

/** The child's own program removes calls when it starts; without that, the attempts show it after a while. */
const deadline = Date.now() + 5_000;
const wait = setInterval(() => {
  if ("kill" in process && Date.now() < deadline) return;
  clearInterval(wait);
  void probe();
}, 10);
