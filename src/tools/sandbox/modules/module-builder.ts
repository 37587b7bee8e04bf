import { contentHash } from "../../../kernel/content-hash.ts";
import type { Clock } from "../../../kernel/clock.ts";
import { CancelledError } from "../../../kernel/errors.ts";
import { parseJson } from "../../../kernel/json.ts";
import * as z from "zod";
import { ToolServerBuildError, ToolServerRefusedError } from "../errors.ts";
import type { ConfinementCheck } from "../children/confinement-check.ts";
import { GuestProcess } from "../children/guest-process.ts";
import { type Catalogue, EntryLostError, ModuleCache, readCatalogue, type ReadyModule } from "./module-cache.ts";
import {
  type BuildSpec,
  decodeWithBytes,
  encodeWithBytes,
  FROM_BUILD_CHILD,
  JSON_NODES_MAX,
  jsonShape,
  KIND,
  payloadOf,
} from "../wire/index.ts";

/** Build children at once; each may take a core and hundreds of megabytes. */
const BUILDS_MAX = 2;
const BUILD_MS_MAX = 60_000;
const PAYLOAD_BYTES_MAX = 128 * 1024 * 1024;

const Answer = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("built"),
    abi: z.string(),
    types: z.int().min(0),
    tools: z.array(z.any()),
  }),
  z.object({ type: z.literal("refused"), code: z.string(), message: z.string(), hint: z.string() }),
]);

export type BuildRequest = { readonly server: string; readonly module: Uint8Array; readonly spec: BuildSpec };
export type BuiltModule = ReadyModule & { readonly moduleHash: string };

type ReadModule = (moduleHash: string) => Promise<Uint8Array>;
/** The request that a module was prepared for. */
type Made = Omit<BuildRequest, "module"> & { readonly moduleHash: string };

/** Directories of prepared modules: the cache, and those of the package; and how build children are confined. */
export type ModuleBuilderOptions = {
  readonly confinement?: ConfinementCheck | undefined;
  readonly cacheDirectory?: string | undefined;
  readonly packagedDirectory?: string | undefined;
};

/** Prepares modules in separate child processes, and caches the results. */
export class ModuleBuilder {
  readonly #clock: Clock;
  readonly #cache: ModuleCache;
  readonly #waiting: (() => void)[] = [];
  /** Running builds, so that one module deployed many times at once is built once. */
  readonly #builds = new Map<string, Promise<ReadyModule>>();
  readonly #processes = new Set<GuestProcess>();
  readonly #readModule: ReadModule | undefined;
  readonly #confinement: ConfinementCheck | undefined;
  #running = 0;

  /** `readModule` gives a module by its hash, for when what was made of it is lost. */
  #isClosed = false;

  constructor(clock: Clock, options: ModuleBuilderOptions, readModule?: ReadModule) {
    this.#readModule = readModule;
    this.#clock = clock;
    const { cacheDirectory, packagedDirectory: packaged } = options;
    this.#confinement = options.confinement;
    this.#cache = new ModuleCache(cacheDirectory, { packaged });
  }

  /** One with the same confinement that prepares every module. */
  withoutCache(): ModuleBuilder {
    return new ModuleBuilder(this.#clock, { confinement: this.#confinement });
  }

  /** Throws ToolServerRefusedError, ToolServerBuildError, SandboxUnconfinedError, CancelledError. */
  async build(request: BuildRequest, signal: AbortSignal): Promise<BuiltModule> {
    await this.#confinement?.require();
    const moduleHash = await contentHash(request.module);
    const key = ModuleCache.key(moduleHash, request.spec);
    const known = await this.#cache.get(key);
    if (known === undefined && signal.aborted) throw new CancelledError("the deployment");
    const ready = known ?? (await orCancelled(this.#makeOnce(key, request), signal));
    const { server, spec } = request;
    return { ...ready, moduleHash, bytes: () => this.#bytesOf(ready, { server, spec, moduleHash }) };
  }

  /** Prepares a deployed module with another specification. Throws the errors of `build`, and those of reading the module. */
  async rebuild(made: Made, signal: AbortSignal): Promise<BuiltModule> {
    const ready = await orCancelled(this.#readAndMake(made), signal);
    return { ...ready, moduleHash: made.moduleHash, bytes: () => this.#bytesOf(ready, made) };
  }

  /** What was made of a module; when that is lost it is made again, if the module can be had. */
  async #bytesOf(ready: ReadyModule, made: Made): Promise<Uint8Array> {
    try {
      return await ready.bytes();
    } catch (error) {
      if (!(error instanceof EntryLostError) || this.#readModule === undefined) throw error;
    }
    return (await this.#readAndMake(made)).bytes();
  }

  async #readAndMake({ moduleHash, ...rest }: Made): Promise<ReadyModule> {
    const key = ModuleCache.key(moduleHash, rest.spec);
    const held = await this.#cache.get(key);
    if (held !== undefined) return held;
    if (this.#readModule === undefined) throw new Error("its module is not stored");
    return this.#makeOnce(key, { ...rest, module: await this.#readModule(moduleHash) });
  }

  #makeOnce(key: string, request: BuildRequest): Promise<ReadyModule> {
    const running = this.#builds.get(key);
    if (running !== undefined) return running;
    const building = this.#make(key, request).finally(() => this.#builds.delete(key));
    this.#builds.set(key, building);
    return building;
  }

  async #make(key: string, request: BuildRequest): Promise<ReadyModule> {
    await this.#takeTurn();
    try {
      const { catalogue, bytes } = await this.#inChild(request);
      return await this.#cache.put(key, catalogue, bytes);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #takeTurn(): Promise<void> {
    while (this.#running >= BUILDS_MAX) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
    this.#running += 1;
  }

  async #inChild({ server, module, spec }: BuildRequest): Promise<{ catalogue: Catalogue; bytes: Uint8Array }> {
    if (this.#isClosed) throw new CancelledError("the build");
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const child: GuestProcess = new GuestProcess({
      use: "build",
      confinement: this.#confinement?.mode,
      payloadBytesMax: PAYLOAD_BYTES_MAX,
      kinds: FROM_BUILD_CHILD,
      onReady: () => child.send(KIND.build, 0, 0, ...encodeWithBytes(spec, module)),
      onFrame: (frame) => resolve(payloadOf(frame)),
      onExit: (reason) => reject(new ToolServerBuildError(server, `its build process ended: ${reason}`)),
    });
    this.#processes.add(child);
    const patience = new AbortController();
    void this.#giveUpLater(child, patience.signal);
    try {
      return readAnswer(server, await promise);
    } finally {
      patience.abort();
      child.kill("done");
      this.#processes.delete(child);
    }
  }

  async #giveUpLater(child: GuestProcess, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(BUILD_MS_MAX, signal);
      child.kill(`it took longer than ${BUILD_MS_MAX / 1_000} s`);
    } catch {
      // The build was over first.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const children = [...this.#processes];
    for (const child of children) child.kill("the server stops");
    await Promise.all(children.map(({ exited }) => exited));
  }
}

async function orCancelled<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new CancelledError("the deployment"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The build child has run the guest, so its answer is read with the same care as the guest's. */
function readAnswer(server: string, payload: Buffer): { catalogue: Catalogue; bytes: Uint8Array } {
  const parts = decodeWithBytes(payload);
  if (parts === undefined || jsonShape(parts.json).type !== "fits") {
    throw new ToolServerBuildError(
      server,
      `its list of tools is nested too deeply or has over ${JSON_NODES_MAX} values`,
    );
  }
  const parsed = parseJson(parts.json.toString("utf8"));
  const answer = Answer.safeParse(parsed.type === "parsed" ? parsed.value : undefined);
  if (!answer.success) throw new ToolServerBuildError(server, "its build process gave no readable answer");
  if (answer.data.type === "refused") throw new ToolServerRefusedError(server, answer.data);
  const catalogue = readCatalogue(answer.data);
  if (catalogue === undefined) throw new ToolServerBuildError(server, "its list of tools could not be read");
  return { catalogue, bytes: parts.bytes };
}
