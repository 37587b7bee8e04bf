import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { PACKAGE_DIRECTORY } from "../../kernel/package.ts";
import type { Embedder } from "../knowledge/index.ts";
import { EndpointEmbedder, type EndpointOptions } from "./endpoint.ts";
import { MINILM } from "./encoder-shape.ts";
import { ModelNotInstalledError } from "./errors.ts";
import { minilmImage } from "./install.ts";
import { StaticEmbedder } from "./static-embedder.ts";
import { ThreadedEmbedder } from "./threaded-embedder.ts";

/** Directory of the package's tables. */
const KERNELS = join(PACKAGE_DIRECTORY, "engines", "built");
const TABLES = join(PACKAGE_DIRECTORY, "models", "static-minilm");
const TABLE = join(TABLES, "table.bin");
const VOCABULARY = join(TABLES, "vocabulary.txt");
/** Package files that an embedder reads; a process reads one of the kernels. */
const PACKAGED = [TABLE, VOCABULARY, join(KERNELS, "embedding-relaxed.wasm"), join(KERNELS, "embedding-plain.wasm")];

/** Name of the word table, the default embedder. */
export const STATIC = "static";
/** Name of all-MiniLM-L6-v2. */
export const ALL_MINILM = "all-minilm-l6-v2";

/** Identifies the vectors of the table: a changed table gets another number. */
const STATIC_ID = "static-minilm-192@1";
const STATIC_DIMS = 192;
const STATIC_TOKENS_MAX = 512;
/** Loading the table takes less than a tenth of a second, and the table takes about 30 MB in its thread. */
const STATIC_IDLE_MS_MAX = 30_000;
const MINILM_ID = "all-minilm-l6-v2-int8@1";

export type EmbedderChoice =
  | { readonly type: "static" }
  /** `directory`: directory of installed models. */
  | { readonly type: "minilm"; readonly directory: string }
  | { readonly type: "endpoint"; readonly options: EndpointOptions };

/** Opens an embedder. Throws ModelNotInstalledError, ModelFileInvalidError. */
export function openEmbedder(choice: EmbedderChoice, clock: Clock): Embedder {
  switch (choice.type) {
    case "static":
      checkPackaged(STATIC);
      return new StaticEmbedder({
        id: STATIC_ID,
        dims: STATIC_DIMS,
        idleMsMax: STATIC_IDLE_MS_MAX,
        model: {
          type: "static",
          table: TABLE,
          vocabulary: VOCABULARY,
          kernels: KERNELS,
          tokensMax: STATIC_TOKENS_MAX,
        },
      });
    case "minilm":
      return openMiniLM(minilmImage(choice.directory));
    case "endpoint":
      return new EndpointEmbedder(choice.options, clock);
  }
}

/** Throws ModelNotInstalledError if the package lacks a file that embedders read. */
function checkPackaged(model: string): void {
  const file = PACKAGED.find((path) => !existsSync(path));
  if (file === undefined) return;
  throw new ModelNotInstalledError(
    `this installation of Caxton is incomplete: ${file} is missing`,
    "Reinstall Caxton.",
    {
      model,
      file,
    },
  );
}

function openMiniLM(image: string): Embedder {
  checkPackaged(ALL_MINILM);
  if (!existsSync(image))
    throw new ModelNotInstalledError(
      `${ALL_MINILM} is not installed: there is no ${image}`,
      `Install it: caxton model install ${ALL_MINILM}`,
      { model: ALL_MINILM, file: image },
    );
  return new ThreadedEmbedder({
    id: MINILM_ID,
    dims: MINILM.hidden,
    model: { type: "encoder", image, vocabulary: VOCABULARY, kernels: KERNELS, tokensMax: MINILM.positions },
  });
}
