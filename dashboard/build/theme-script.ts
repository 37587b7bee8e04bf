import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";

const SOURCE = "src/theme-boot.js";
const NAME = "theme.js";

/**
 * Puts the theme script, as a hashed file of its own, at the head of the page. It must run before the first paint, so
 * it can be neither a module nor, for the content security policy, inline.
 */
export function themeScript(): Plugin {
  let root = "";
  let base = "/";
  return {
    name: "caxton:theme-script",
    configResolved: (config) => {
      ({ root, base } = config);
    },
    async buildStart() {
      if (this.meta.watchMode) return;
      this.emitFile({ type: "asset", name: NAME, source: await readFile(join(root, SOURCE), "utf8") });
    },
    transformIndexHtml: {
      order: "post",
      handler: (_html, { bundle }) => {
        const built = Object.values(bundle ?? {}).find((file) => file.type === "asset" && file.names.includes(NAME));
        return [{ tag: "script", attrs: { src: `${base}${built?.fileName ?? SOURCE}` }, injectTo: "head-prepend" }];
      },
    },
  };
}
