import { decodeWithBytes, encodeWithBytes } from "../wire/index.ts";
import type { Plan } from "./plan.ts";

/** A component that is ready: its plan, and its core modules as the meter made them. */
export type Bundle = { readonly plan: Plan; readonly modules: readonly Uint8Array<ArrayBuffer>[] };

export function encodeBundle({ plan, modules }: Bundle): Uint8Array {
  const head = { plan, lengths: modules.map(({ length }) => length) };
  return Buffer.concat(encodeWithBytes(head, Buffer.concat(modules)));
}

/** Reads what `encodeBundle` wrote; the server kept it with its checksum, so its shape is not looked at again. */
export function decodeBundle(bytes: Uint8Array): Bundle {
  const parts = decodeWithBytes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  if (parts === undefined) throw new Error("the component is damaged");
  const head: { readonly plan: Plan; readonly lengths: readonly number[] } = JSON.parse(parts.json.toString("utf8"));
  let at = 0;
  const modules = head.lengths.map((length) => {
    at += length;
    return new Uint8Array(parts.bytes.subarray(at - length, at));
  });
  return { plan: head.plan, modules };
}
