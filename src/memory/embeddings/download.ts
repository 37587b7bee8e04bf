import { open, rm, stat } from "node:fs/promises";
import { PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import { CancelledError } from "../../kernel/errors.ts";
import { ModelDiskFullError, ModelDownloadError } from "./errors.ts";

/** Consecutive attempts without progress before the download fails. */
const IDLE_ATTEMPTS_MAX = 5;
/** Pause before the second of them; doubles for each further one, minus a random part of up to half, because other clients retry too. */
const PAUSE_MS = 1_000;
/** An attempt without data for this long is aborted. */
const SILENCE_MS = 30_000;

/** Source of time and randomness for pauses between attempts. `pause` rejects when the signal aborts; `chance` returns 0 to 1. */
export type Pausing = {
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly chance: () => number;
};

export type Download = {
  readonly url: string;
  readonly file: string;
  /** Size of the complete file. */
  readonly bytes: number;
  readonly onProgress: (done: number, total: number) => void;
  readonly pausing: Pausing;
  readonly signal: AbortSignal;
};

/**
 * Downloads a file of known size. Resumes a partial file by Range requests. Reconnects as long as attempts make progress, and pauses
 * after attempts without progress. Rejects with ModelDownloadError, ModelDiskFullError, CancelledError.
 */
export async function download(wanted: Download): Promise<void> {
  let idle = 0;
  let why = "";
  for (let had = await sizeOf(wanted.file); had < wanted.bytes;) {
    if (idle >= IDLE_ATTEMPTS_MAX) throw failure(wanted, had, why);
    const outcome = await attempt(wanted, had);
    if (wanted.signal.aborted) throw new CancelledError("the download");
    const has = await sizeOf(wanted.file);
    if (outcome.type === "refused") throw failure(wanted, has, outcome.why);
    idle = has > had ? 0 : idle + 1;
    why = outcome.type === "broken" ? outcome.why : "the connection ended too early";
    had = has;
    if (idle > 0 && idle < IDLE_ATTEMPTS_MAX) await rest(wanted, PAUSE_MS * 2 ** (idle - 1));
  }
}

async function rest({ pausing, signal }: Download, ms: number): Promise<void> {
  try {
    await pausing.pause(ms * (1 - pausing.chance() / 2), signal);
  } catch (error) {
    throw signal.aborted ? new CancelledError("the download") : error;
  }
}

type Outcome =
  | { readonly type: "ended" }
  | { readonly type: "broken"; readonly why: string }
  | { readonly type: "refused"; readonly why: string };

async function attempt({ url, file, bytes, onProgress, signal }: Download, had: number): Promise<Outcome> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE_MS);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), SILENCE_MS);
  };
  try {
    const headers = had > 0 ? { range: `bytes=${had}-` } : {};
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, silent.signal]) });
    const isWhole = response.status === 200;
    if (!isWhole && response.status !== 206) {
      await response.body?.cancel();
      const { status } = response;
      // The remote file is shorter than the partial file, so they differ.
      if (status === 416) await rm(file, { force: true });
      return { type: status >= 500 || status === 429 ? "broken" : "refused", why: `the server answered ${status}` };
    }
    const there = wholeLength(response);
    if (there !== undefined && there !== bytes) {
      await response.body?.cancel();
      return { type: "refused", why: `the remote file has ${there} bytes, so it is another file` };
    }
    // A server without Range support sends the whole file.
    const handle = await open(file, isWhole ? "w" : "a", PRIVATE_FILE);
    let done = isWhole ? 0 : had;
    try {
      for await (const chunk of response.body ?? []) {
        heard();
        done += chunk.length;
        if (done > bytes) {
          // It is another file, so the partial file cannot be resumed.
          await rm(file, { force: true });
          return { type: "refused", why: "the remote file is larger than the model" };
        }
        await handle.write(chunk);
        onProgress(done, bytes);
      }
    } finally {
      await handle.close();
    }
    return { type: "ended" };
  } catch (error) {
    if (["ENOSPC", "EDQUOT"].includes(codeOf(error))) throw full(file, bytes - had, error);
    const why = silent.signal.aborted ? `no data received for ${SILENCE_MS / 1000} s` : codeOf(error);
    return { type: "broken", why };
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the size of the complete file of a response; undefined if the server does not send it. */
function wholeLength({ status, headers }: Response): number | undefined {
  if (headers.has("content-encoding")) return undefined;
  const declared =
    status === 206 ? /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] : headers.get("content-length");
  return declared === undefined || declared === null ? undefined : Number(declared);
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => undefined))?.size ?? 0;

function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? ("code" in cause ? String(cause.code) : cause.message) : String(cause);
}

const failure = ({ url, bytes }: Download, received: number, why: string): ModelDownloadError =>
  new ModelDownloadError(
    `the model could not be fetched from ${url}: ${why}; received ${received} of ${bytes} bytes`,
    "The same command resumes the download. On a machine without network, download model.safetensors elsewhere and pass its path with --from.",
    { url, received },
  );

const full = (file: string, needed: number, cause: unknown): ModelDiskFullError =>
  new ModelDiskFullError(
    `the disk is full: ${file} needs ${Math.ceil(needed / 1e6)} MB more`,
    "Free space and run the same command again: it resumes the download.",
    { directory: file, needed },
    { cause },
  );
