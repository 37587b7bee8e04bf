import { Linker, type DecodedComponent } from "./linker.ts";
import { readDocs } from "./package-docs.ts";

/** Takes a component apart. Only a build does so. Throws ComponentRefusedError. */
export const decomposeComponent = (bytes: Uint8Array): DecodedComponent => new Linker(bytes).link(readDocs(bytes));
