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

/** Where the package keeps its tables. */
const KERNELS = join(PACKAGE_DIRECTORY, "engines", "built");
const TABLES = join(PACKAGE_DIRECTORY, "models", "static-minilm");
const TABLE = join(TABLES, "table.bin");
const VOCABULARY = join(TABLES, "vocabulary.txt");
/** Files of the package that an embedder on this machine reads; each process reads one of the kernels. */
const PACKAGED = [TABLE, VOCABULARY, join(KERNELS, "embedding-relaxed.wasm"), join(KERNELS, "embedding-plain.wasm")];

/** What the table is called wherever a model is named; the default. */
export const STATIC = "static";
/** What all-MiniLM-L6-v2 is called wherever a model is named. */
export const ALL_MINILM = "all-minilm-l6-v2";

/** The vectors of a table are its own: a table that differs gets another number. */
const STATIC_ID = "static-minilm-192@1";
const STATIC_DIMS = 192;
const STATIC_TOKENS_MAX = 512;
/** The table is read again within a tenth of a second, and has some 30 MB in its thread. */
const STATIC_IDLE_MS_MAX = 30_000;
const MINILM_ID = "all-minilm-l6-v2-int8@1";

export type EmbedderChoice =
  | { readonly type: "static" }
  /** `directory`: where models are installed. */
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
    `this installation of Caxton is incomplete: there is no ${file}`,
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
