import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import * as z from "zod";
import { MessageWire } from "../../src/messaging/acl/index.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("architecture.contract-pure");

test("the interface's schema of a message shares its name with none of the room's, whichever is loaded first", () => {
  expect(z.globalRegistry.get(MessageWire)?.id).toBeUndefined();
});

test("the contract brings nothing of the server's rooms and nothing of Node into the dashboard", async () => {
  const { metafile } = await build({
    absWorkingDir: join(import.meta.dirname, "../.."),
    entryPoints: ["src/api/contract/index.ts"],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    packages: "external",
  });
  const outside = Object.keys(metafile.inputs).filter(
    (file) => !/^src\/(api\/contract|access\/permissions|kernel)\//.test(file),
  );
  expect(outside).toEqual([]);
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect([...new Set(imported)]).toEqual(["zod"]);
});
