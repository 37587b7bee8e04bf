/** A process that installs a model until it is killed: `node installing.ts <options as JSON>`. Says `P <bytes>` as they come. */
import { argv } from "node:process";
import * as z from "zod";
import { installMiniLM } from "../../../src/memory/embeddings/install.ts";
import { say } from "../../helpers/say.ts";
import { SMALL } from "./random-model.ts";

const Options = z.object({
  directory: z.string(),
  from: z.string(),
  pinned: z.object({ url: z.string(), bytes: z.number(), sha256: z.string() }),
});
const { pinned, ...options } = Options.parse(JSON.parse(argv[2] ?? ""));
await installMiniLM({
  ...options,
  pinned: { ...pinned, shape: SMALL },
  signal: new AbortController().signal,
  onProgress: (done) => say(`P ${done}`),
});
