import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import { CancelledError } from "../../kernel/errors.ts";
import { download, type Pausing } from "./download.ts";
import { imageBytes, makeImage } from "./encoder-image.ts";
import { type EncoderShape, MINILM } from "./encoder-shape.ts";
import { ModelDiskFullError, ModelFileInvalidError } from "./errors.ts";
import { lockInstallation, unwritable } from "./install-lock.ts";
import { Safetensors } from "./safetensors.ts";

/** The published file of all-MiniLM-L6-v2; no other file is accepted. */
export type PinnedFile = { readonly url: string; readonly bytes: number; readonly sha256: string };
const PUBLISHED: PinnedFile = {
  url: "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/model.safetensors",
  bytes: 90_868_376,
  sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
};

/** Disk space that is left free. */
const SPARE_BYTES = 16 * 1024 * 1024;

export type InstallOptions = {
  /** Directory of models; created if necessary. */
  readonly directory: string;
  /** File or http(s) address of the model; default: its published address. */
  readonly from?: string | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal: AbortSignal;
  /** Pauses between download attempts; injected by tests. */
  readonly pausing?: Pausing | undefined;
  /** Models of tests. */
  readonly pinned?: (PinnedFile & { readonly shape: EncoderShape }) | undefined;
};

/** Keeps the process alive during a pause. */
const PAUSING: Pausing = {
  pause: async (ms, signal) => sleep(ms, undefined, { signal }),
  chance: () => Math.random(),
};

export type Installed = { readonly file: string; readonly bytes: number; readonly wasThere: boolean };

/** Path of the image of all-MiniLM-L6-v2. */
export const minilmImage = (directory: string): string => join(directory, "all-minilm-l6-v2.image");

/**
 * Installs all-MiniLM-L6-v2 in a directory, as an image for the runtime. An interrupted download is kept and resumed. Rejects with
 * ModelDownloadError, ModelFileInvalidError, ModelDiskFullError, ModelDirectoryError, CancelledError, and with ModelInstallRunningError
 * while another process installs.
 */
export async function installMiniLM(options: InstallOptions): Promise<Installed> {
  const { directory, signal } = options;
  const pinned = options.pinned ?? { ...PUBLISHED, shape: MINILM };
  const file = minilmImage(directory);
  const isThere = async () => (await sizeOf(file)) === imageBytes(pinned.shape);
  const installed = (wasThere: boolean) => ({ file, bytes: imageBytes(pinned.shape), wasThere });
  if (await isThere()) return installed(true);
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY }).catch((error: unknown) => {
    throw unwritable(directory, error);
  });
  const source = options.from ?? pinned.url;
  const isRemote = /^https?:\/\//.test(source);
  const part = join(directory, "all-minilm-l6-v2.safetensors.part");
  await needSpace(directory, imageBytes(pinned.shape) + (isRemote ? pinned.bytes - (await sizeOf(part)) : 0));
  using _ = lockInstallation(directory);
  // Another process may have installed it in the meantime.
  if (await isThere()) return installed(true);
  const { onProgress = () => undefined, pausing = PAUSING } = options;
  if (isRemote) await download({ url: source, file: part, bytes: pinned.bytes, onProgress, pausing, signal });
  const bytes = await readWhole(isRemote ? part : source);
  await checkSum(bytes, { source, pinned, part: isRemote ? part : undefined });
  if (signal.aborted) throw new CancelledError("installing a model");
  const image = makeImage(new Safetensors(bytes, source), pinned.shape);
  await writeWhole(file, image, directory);
  await rm(part, { force: true });
  return installed(false);
}

async function readWhole(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new ModelFileInvalidError(
      `${file} cannot be read`,
      "Check the path and its permissions.",
      { file },
      { cause },
    );
  }
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => undefined))?.size ?? 0;

async function needSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const needed = bytes + SPARE_BYTES;
  if (bavail * bsize < needed) throw diskFull(directory, needed);
}

const diskFull = (directory: string, needed: number, cause?: unknown): ModelDiskFullError =>
  new ModelDiskFullError(
    `the model needs ${megabytes(needed)} in ${directory}, which is not free`,
    "Free space, or put the data directory onto another disk (data.directory in caxton.toml, or CAXTON_DATA_DIR).",
    { directory, needed },
    { cause },
  );

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

async function checkSum(
  bytes: Uint8Array,
  { source, pinned, part }: { readonly source: string; readonly pinned: PinnedFile; readonly part: string | undefined },
): Promise<void> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 === pinned.sha256) return;
  // A wrong partial file would be resumed.
  if (part !== undefined) await rm(part, { force: true });
  throw new ModelFileInvalidError(
    `${source} is not the published model.safetensors of all-MiniLM-L6-v2: its SHA-256 is ${sha256} instead of ${pinned.sha256}`,
    part === undefined
      ? "Use the complete, unchanged file from sentence-transformers/all-MiniLM-L6-v2."
      : "Retry. If it fails again, download the file elsewhere and pass its path with --from.",
    { file: source },
  );
}

/** Writes the file atomically and durably. */
async function writeWhole(file: string, bytes: Uint8Array, directory: string): Promise<void> {
  const fresh = `${file}.new`;
  try {
    await writeFile(fresh, bytes, { flush: true, mode: PRIVATE_FILE });
    await rename(fresh, file);
    await using handle = await open(directory, "r");
    await handle.sync();
  } catch (error) {
    await rm(fresh, { force: true });
    if (error instanceof Error && "code" in error && error.code === "ENOSPC")
      throw diskFull(directory, bytes.length, error);
    throw error;
  }
}
