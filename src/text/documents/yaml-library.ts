import { createRequire } from "node:module";

type Yaml = typeof import("yaml");

const require = createRequire(import.meta.url);
let library: Yaml | undefined;

/** The YAML library, loaded at the first use: a server whose files are all TOML starts without it. */
export function yamlLibrary(): Yaml {
  if (library !== undefined) return library;
  const loaded: Yaml = require("yaml");
  library = loaded;
  return loaded;
}
