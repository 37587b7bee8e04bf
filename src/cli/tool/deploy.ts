import { readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { operations, type ToolServerDeployment } from "../../api/contract/index.ts";
import { type Answer, unreadable } from "../client/index.ts";
import { act, type Context, examples, type Invocation, showDocument } from "../frame/index.ts";
import { changeLines } from "./changes.ts";
import { countOf, progressBar, showBytes } from "../terminal/index.ts";
import { manifestFor } from "../../tools/catalogue/index.ts";
import { Json as AnyJson, type Json } from "../../kernel/json.ts";

const EXIT_PENDING = 5;
/** Time to upload and compile the module. */
const DEPLOY_MS_MAX = 300_000;

const Input = z.object({
  path: z.array(z.string()),
  manifest: z.string().optional(),
  signature: z.string().optional(),
  writeManifest: z.boolean().default(false),
  accept: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
type Input = z.infer<typeof Input>;

/** `caxton tool deploy` */
export function toolDeploy(command: Command, invocation: Invocation): void {
  command
    .summary("deploy tool servers")
    .description(
      "Deploy WebAssembly modules as tool servers. Each is a .wasm file or a directory with module.wasm, with its tool.toml and optional signature (module.wasm.sig) beside it. Without a tool.toml, the module is deployed under its file name, as version 0.1.0 and without grants. A changed module becomes the next revision. If it changes a known tool or requests more grants, it is pending until it is accepted, and the current revision keeps serving: the command shows the reason and exits with 5.",
    )
    .argument("<path...>", "modules, or directories with module.wasm")
    .option("--manifest <file>", "manifest; default: tool.toml beside the module")
    .option("--write-manifest", "write a tool.toml beside each module without one")
    .option("--signature <file>", "signature; default: the one beside the module")
    .option("--accept", "accept and activate the revision at once")
    .option("--dry-run", "show the changes without deploying");
  examples(command, [
    ["caxton tool deploy ./tools/weather", "module.wasm and tool.toml in a directory"],
    ["caxton tool deploy upper.wasm --write-manifest", "a module alone; its tool.toml is made"],
    ["caxton tool deploy build/weather.wasm --manifest tool.toml", ""],
    ["caxton tool deploy ./tools/weather --dry-run", "what would change, and whether it would wait"],
    ["caxton tool deploy ./tools/weather --accept", "you have seen what changes"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["table", "json", "jsonl", "yaml", "name"],
    run: async (context, input) => {
      const parts = await Promise.all(input.path.map((path) => partsOf(path, input)));
      const answers: Answer<ToolServerDeployment>[] = [];
      for (const part of parts) {
        const answer = await send(context, part, input);
        answers.push(answer);
        printResult(context, answer);
        if (part.manifest !== undefined) await printVersion(context, part);
        await printManifest(context, part, input);
      }
      await showAll(context, answers);
      const waits = !input.dryRun && answers.some(({ value }) => value.outcome === "pending");
      return waits ? EXIT_PENDING : 0;
    },
  });
}

type Parts = {
  readonly label: string;
  readonly module: Uint8Array<ArrayBuffer>;
  /** Undefined if the module has none; then the server makes one from `label`. */
  readonly manifest: string | undefined;
  readonly manifestFile: string;
  readonly signature: string | undefined;
};

/** Throws UnreadableFileError. */
async function partsOf(path: string, input: Input): Promise<Parts> {
  const file = (await isDirectory(path)) ? join(path, "module.wasm") : path;
  const manifestFile = input.manifest ?? join(dirname(file), "tool.toml");
  const module = await read(file, "there is no such module; build it first (caxton tool build)");
  const isNamed = input.manifest !== undefined || (await isFile(manifestFile));
  const manifest = isNamed ? (await read(manifestFile, "there is no such manifest")).toString("utf8") : undefined;
  const signature = await signatureOf(file, input.signature);
  // Of a directory's module.wasm, the directory says what it is.
  const label = basename(file) === "module.wasm" ? `${basename(resolve(dirname(file)))}.wasm` : basename(file);
  return { label, module: new Uint8Array(module), manifest, manifestFile, signature };
}

async function printVersion({ terminal }: Context, { manifestFile }: Parts): Promise<void> {
  const { versionNoteOf } = await import("../../tools/authoring/index.ts");
  const note = await versionNoteOf(dirname(manifestFile));
  if (note !== "") terminal.note(note);
}

/** Says what a module without a manifest was deployed as, and writes one if asked to. */
async function printManifest(
  { terminal }: Context,
  { label, manifest, manifestFile }: Parts,
  { writeManifest, dryRun }: Input,
): Promise<void> {
  if (manifest !== undefined) return;
  if (!writeManifest || dryRun)
    return terminal.note(
      `${label} has no tool.toml, so it has default limits and no grants; deploy it with --write-manifest to write one`,
    );
  await writeFile(manifestFile, manifestFor(label), { flag: "wx" });
  terminal.note(`wrote ${manifestFile}`);
}

async function signatureOf(module: string, named: string | undefined): Promise<string | undefined> {
  if (named !== undefined) return (await read(named, "there is no such signature")).toString("utf8");
  return readFile(`${module}.sig`, "utf8").catch(() => undefined);
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

const read = (path: string, missing: string): Promise<Buffer> =>
  readFile(path).catch((error: unknown) => {
    throw unreadable(path, error, missing);
  });

async function send(context: Context, parts: Parts, input: Input): Promise<Answer<ToolServerDeployment>> {
  const { terminal, client } = context;
  const form = new FormData();
  form.set("module", new Blob([parts.module]), parts.label);
  if (parts.manifest !== undefined) form.set("manifest", parts.manifest);
  if (parts.signature !== undefined) form.set("signature", parts.signature);
  form.set("dry_run", String(input.dryRun));
  form.set("accept", String(input.accept));
  const body = new Response(form);
  const total = parts.module.byteLength;
  let sent = 0;
  const counted = body.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        sent += chunk.byteLength;
        // What is around the module is of no interest.
        if (sent < total) terminal.status(progressBar(parts.label, sent, total));
        else terminal.status(`${parts.label}: the server compiles it`);
        controller.enqueue(chunk);
      },
    }),
  );
  try {
    const response = await client.open({
      method: "POST",
      path: operations.toolServer.deploy.http.path,
      headers: { "content-type": body.headers.get("content-type") ?? "multipart/form-data" },
      ...(counted && { body: counted }),
      signal: AbortSignal.timeout(context.timeoutMs ?? DEPLOY_MS_MAX),
    });
    const raw = AnyJson.parse(await response.json());
    return { raw, value: operations.toolServer.deploy.output.parse(raw) };
  } finally {
    terminal.status(undefined);
  }
}

const TONES = { created: "green", updated: "green", unchanged: "dim", pending: "yellow" } as const;

function printResult({ terminal, format }: Context, { value, raw }: Answer<ToolServerDeployment>): void {
  const { outcome, name, revision, version, dry_run: dryRun } = value;
  if (format === "name") terminal.write(`${name}\n`);
  if (format === "jsonl") terminal.write(`${JSON.stringify(raw)}\n`);
  if (format !== "table") return;
  const word = dryRun ? `would be ${outcome}` : outcome;
  const size = `${showBytes(value.module_bytes)}, ${countOf(value.tools.length, "tool")}`;
  terminal.write(
    `${terminal.style(TONES[outcome], word)}  ${name}  revision ${revision}  version ${version}  ${size}\n`,
  );
  if (outcome === "created") {
    terminal.write(`  grants: ${value.grants.join(", ") || "none: it can touch nothing outside its own memory"}\n`);
  }
  for (const note of value.notes) terminal.note(`${name}: ${note}`);
  for (const line of changeLines(value.changes, terminal.style)) terminal.write(`  ${line}\n`);
  if (outcome !== "pending") return;
  terminal.note(
    dryRun
      ? "it would wait to be accepted; what is marked ! asks for it"
      : `pending, the previous revision keeps serving; accept it with: caxton tool accept ${name}`,
  );
}

/** One answer as the API gave it, several as a list. */
async function showAll(context: Context, answers: readonly Answer<unknown>[]): Promise<void> {
  if (context.format !== "json" && context.format !== "yaml") return;
  const [only, ...others] = answers.map(({ raw }): Json => raw);
  const list = { items: answers.map(({ raw }) => raw), next: null };
  await showDocument(context, only !== undefined && others.length === 0 ? only : list);
}
