// Messages on the same path through BullMQ on Redis (appendfsync always) and NATS JetStream (one server, file storage, sync always),
// beside Caxton's, in turns: accepted, on disk, handled, acknowledged. Redis comes from Debian, NATS is built by Go from its module.
// Alone: `node bench/brokers.ts [seconds]`.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { env } from "node:process";
import * as z from "zod";
import { goDirectory, TOOLCHAIN_DIRECTORY } from "../scripts/ensure-toolchains.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { measure } from "./messages.ts";
import { installPeers } from "./peer.ts";
import { sleep } from "./stage.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

const NATS = "github.com/nats-io/nats-server/v2@v2.15.2";
const NATS_HOME = join(TOOLCHAIN_DIRECTORY, "nats-server-2.15.2");
/** Debian's Redis is one program that goes by the name it is started under; it is in the package redis-tools. */
const REDIS = "/usr/bin/redis-check-rdb";
const START_MS = 15_000;

const Figures = z.object({ perSecond: z.number(), p50Ms: z.number(), p99Ms: z.number(), loopMs: z.number() });
type Figures = z.infer<typeof Figures>;

/** Builds or installs what is missing. */
function ensureBrokers(): string {
  if (!existsSync(REDIS)) {
    execFileSync("apt-get", ["-qq", "update"], { stdio: ["ignore", 2, 2] });
    execFileSync("apt-get", ["-qq", "install", "-y", "--no-install-recommends", "redis-tools"], {
      stdio: ["ignore", 2, 2],
    });
  }
  const server = join(NATS_HOME, "nats-server");
  if (existsSync(server)) return server;
  const go = goDirectory();
  if (go === undefined) throw new Error("building nats-server needs Go: npx node scripts/ensure-toolchains.ts go");
  process.stdout.write("building nats-server …\n");
  mkdirSync(NATS_HOME, { recursive: true });
  const path = [go, env["PATH"]].filter(Boolean).join(delimiter);
  execFileSync("go", ["install", NATS], {
    env: { ...env, PATH: path, GOBIN: NATS_HOME },
    stdio: ["ignore", 2, 2],
  });
  return server;
}

/** A server of the test's own, until it is disposed. */
async function started(
  program: string,
  words: readonly string[],
  of: { readonly port: number; readonly name?: string },
) {
  const child = spawn(program, words, { stdio: "ignore", argv0: of.name ?? program });
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const untilMs = performance.now() + START_MS;
  while (!(await answers(of.port))) {
    if (child.exitCode !== null || performance.now() > untilMs) throw new Error(`${program} did not start`);
    await sleep(20);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const address = holder.address();
  holder.close();
  await once(holder, "close");
  if (typeof address === "object" && address !== null) return address.port;
  throw new Error("no port is free");
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });

type Load = { readonly agents: number; readonly rate: number; readonly seconds: number };

function peer(program: string, port: number, { agents, rate, seconds }: Load): Figures {
  const words = ["--no-warnings", join(import.meta.dirname, "peers", program), port, agents, rate, seconds].map(String);
  const printed = execFileSync(process.execPath, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return Figures.parse(JSON.parse(printed.trim().split("\n").at(-1) ?? ""));
}

async function onRedis(load: Load): Promise<Figures> {
  using directory = tempDirectory();
  const port = await freePort();
  const words = [
    "--port",
    String(port),
    "--dir",
    directory.path,
    "--save",
    "",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
  ];
  await using redis = await started(REDIS, words, { port, name: "redis-server" });
  void redis;
  // A queue for each of a thousand agents would be a thousand connections: they share one.
  return peer("bullmq.mjs", port, { ...load, agents: 1 });
}

async function onNats(program: string, load: Load): Promise<Figures> {
  using directory = tempDirectory();
  const port = await freePort();
  const file = join(directory.path, "nats.conf");
  writeFileSync(
    file,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${directory.path}", sync_interval: always }\n`,
  );
  await using nats = await started(program, ["-c", file], { port });
  void nats;
  return peer("nats.mjs", port, load);
}

const words = ({ perSecond: rate, p50Ms, p99Ms }: Figures) => `${perSecond(rate)}; p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}`;

export async function run(seconds = 4): Promise<readonly Row[]> {
  installPeers();
  const nats = ensureBrokers();
  const rows: Row[] = [];
  for (const rate of [0, 1_000, 10_000]) {
    const load = { agents: 1_000, rate, seconds };
    const own = await measure(load);
    for (const [name, figures] of [
      ["NATS JetStream", await onNats(nats, load)],
      ["BullMQ, Redis", await onRedis(load)],
    ] as const) {
      rows.push({
        what:
          rate === 0
            ? "messages, as many as go: on disk, handled, acknowledged"
            : `messages, ${perSecond(rate)} offered: until handled`,
        caxton: words(own),
        peer: `${words(figures)} (${name})`,
        ratio:
          rate === 0
            ? `${(own.perSecond / figures.perSecond).toFixed(1)}×`
            : `${(figures.p99Ms / own.p99Ms).toFixed(1)}×`,
        target: "",
        met: undefined,
      });
    }
  }
  return rows;
}

if (import.meta.main) process.stdout.write(`${table(await run(Number(process.argv[2] ?? 4)))}\n`);
