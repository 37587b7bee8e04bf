import { basename, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "vite";

/** Files that declare operations. */
const DECLARATIONS = /^[a-z-]+-operations\.ts$/;

/**
 * Keeps schemas, and zod with them, out of the dashboard. Of a file that declares operations only what a client needs to send
 * requests remains. Of every other file of the server only what is imported remains: schemas register themselves when loaded,
 * which a bundler would have to keep.
 */
export function contractWithoutSchemas(): Plugin {
  let server = "";
  return {
    name: "caxton:contract-without-schemas",
    configResolved: (config) => {
      server = resolve(config.root, "../src") + sep;
    },
    load: async (id) => {
      if (!id.startsWith(server) || !DECLARATIONS.test(basename(id))) return null;
      const exported = Object.entries<unknown>(await import(pathToFileURL(id).href));
      return { code: exported.flatMap(rowOf).join("\n"), moduleSideEffects: false };
    },
    transform: (_code, id) => (id.startsWith(server) ? { moduleSideEffects: false } : null),
  };
}

/** Returns the source of an exported operation without its schemas; nothing for any other export. */
function rowOf([name, value]: readonly [string, unknown]): readonly string[] {
  if (
    typeof value !== "object" ||
    value === null ||
    !("http" in value && "queryNames" in value && "permission" in value)
  )
    return [];
  const { http, queryNames, permission } = value;
  const scope = "scope" in value && value.scope === "server" ? { scope: value.scope } : {};
  // A name such as `delete` cannot be that of a constant.
  return [
    `const _${name} = ${JSON.stringify({ http, queryNames, permission, ...scope })};\nexport { _${name} as ${name} };`,
  ];
}
