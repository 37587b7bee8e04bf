import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { PERFORMATIVES as ON_THE_WIRE } from "../../src/api/contract/performatives.ts";
import * as z from "zod";
import { MessageWire, PERFORMATIVES } from "../../src/messaging/acl/index.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("architecture.contract-pure");

test("the contract lists the acts that the room of messages reads, in its order", () => {
  expect(ON_THE_WIRE).toEqual(PERFORMATIVES);
});

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
  const outside = Object.keys(metafile.inputs).filter((file) => !/^src\/(api\/contract|kernel)\//.test(file));
  expect(outside).toEqual([]);
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect([...new Set(imported)]).toEqual(["zod"]);
});
