import { installMiniLM, type Installed } from "../memory/embeddings/index.ts";
import type { LoadedConfig } from "./config/index.ts";
import { modelsDirectory } from "./options/index.ts";

/** Brings all-MiniLM-L6-v2 into the data directory of a server that is configured so. Rejects with what `installMiniLM` does. */
export const installModel = (
  { config }: LoadedConfig,
  options: {
    readonly from: string | undefined;
    readonly signal: AbortSignal;
    readonly onProgress: (done: number, total: number) => void;
  },
): Promise<Installed> => installMiniLM({ ...options, directory: modelsDirectory(config) });
