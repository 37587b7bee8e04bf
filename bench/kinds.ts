import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../src/kernel/json.ts";
import { buildTool } from "../src/tools/authoring/index.ts";
import { component, TYPE } from "../test/tools/abi/component-kit.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { guest } from "./stage.ts";

/** A small tool server of one kind, and a call of it. */
export type Kind = {
  readonly name: string;
  readonly module: Uint8Array;
  readonly tool: string;
  readonly given: JsonObject;
};

export const TEXT = "a payload of ordinary size, as tools are given them";

/** A component whose one function gives back the text that it takes. */
export const echoComponent = (): Promise<Uint8Array> =>
  component(
    `(module
      (import "h" "wait" (func (param i64) (result i32)))
      (import "h" "block" (func (param i32)))
      (import "h" "drop" (func (param i32)))
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
      (func (export "echo") (param i32 i32) (result i32)
        (i32.store (i32.const 128) (local.get 0)) (i32.store (i32.const 132) (local.get 1)) (i32.const 128)))`,
    [{ name: "echo", parameters: [["given", [TYPE.string]]], result: [TYPE.string], core: "echo" }],
  );

/** The example in TypeScript, made into a module with its engine. */
async function javascript(): Promise<Uint8Array> {
  using directory = tempDirectory();
  const packageDirectory = join(import.meta.dirname, "..");
  cpSync(join(packageDirectory, "examples/tools/word-frequency"), directory.path, { recursive: true });
  const signal = new AbortController().signal;
  const { path } = await buildTool(directory.path, { packageDirectory, report: () => {}, signal });
  return readFileSync(path);
}

/** A server of each kind: those made by hand do next to nothing; the one in JavaScript brings its engine. */
export async function kinds(): Promise<readonly Kind[]> {
  return [
    { name: "MCP over standard streams", module: await guest("answer.wat"), tool: "answer", given: {} },
    { name: "Extism plug-in", module: await guest("echo.wat"), tool: "echo", given: { input: TEXT } },
    { name: "core module", module: await guest("core.wat"), tool: "answer", given: {} },
    { name: "component", module: await echoComponent(), tool: "echo", given: { given: TEXT } },
    { name: "JavaScript with its engine", module: await javascript(), tool: "count_words", given: { text: TEXT } },
  ];
}
