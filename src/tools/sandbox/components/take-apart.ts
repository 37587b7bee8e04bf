import { Linker, type TakenApart } from "./linker.ts";
import { readDocs } from "./package-docs.ts";

/** Takes a component apart. Only a build does so. Throws ComponentRefusedError. */
export const takeApart = (bytes: Uint8Array): TakenApart => new Linker(bytes).link(readDocs(bytes));
