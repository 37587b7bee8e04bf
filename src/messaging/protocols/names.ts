import { distance } from "../../text/documents/index.ts";
import { type Protocol } from "./protocol.ts";
import { PROTOCOLS } from "./tables.ts";

const squeeze = (name: string) =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/gu, "")
    .replace(/(?:interaction)?protocol$/u, "");

const BY_NAME = new Map<string, Protocol>();
const BY_SQUEEZED = new Map<string, Protocol>();
for (const protocol of PROTOCOLS) {
  BY_NAME.set(protocol.name, protocol);
  for (const name of [protocol.name.replace(/^fipa-/u, ""), ...protocol.aliases]) {
    BY_SQUEEZED.set(squeeze(name), protocol);
    BY_SQUEEZED.set(`fipa${squeeze(name)}`, protocol);
  }
}

/** The meaning of a message's protocol name. */
export type NamedProtocol =
  | { readonly type: "known"; readonly protocol: Protocol }
  /** A name of the participants' own: carried and shown, not checked. */
  | { readonly type: "own"; readonly name: string }
  /** A blank name, one that claims to be FIPA's, or one that differs from a known name by a typing error. */
  | { readonly type: "unknown"; readonly name: string; readonly meant: string | undefined };

/** The protocol of that exact name, as conversations keep it. */
export const knownProtocol = (name: string | undefined): Protocol | undefined =>
  name === undefined ? undefined : BY_NAME.get(name);

/** Other names that were looked at, so that distances are calculated once. */
const others = new Map<string, NamedProtocol>();
const OTHERS_MAX = 1_000;

/** Names in any case, with any separators, with or without `fipa` and `protocol`: `FIPA-Request`, `ContractNet`, `Subscribe`. */
export function findProtocol(name: string): NamedProtocol {
  const known = BY_NAME.get(name) ?? BY_SQUEEZED.get(squeeze(name));
  if (known !== undefined) return { type: "known", protocol: known };
  const before = others.get(name);
  if (before !== undefined) return before;
  const found = otherName(name);
  if (others.size >= OTHERS_MAX) others.clear();
  others.set(name, found);
  return found;
}

function otherName(name: string): NamedProtocol {
  const squeezed = squeeze(name);
  // `fipa-inform` is used by some for messages that expect no answer: there is nothing to check.
  if (squeezed === "fipainform") return { type: "own", name };
  const farthest = squeezed.length < 8 ? 1 : 2;
  const meant = BY_SQUEEZED.keys().find(
    (each) => Math.abs(each.length - squeezed.length) <= farthest && distance(each, squeezed) <= farthest,
  );
  if (meant === undefined && !/^\s*(?:fipa|$)/iu.test(name)) return { type: "own", name };
  return { type: "unknown", name, meant: meant === undefined ? undefined : BY_SQUEEZED.get(meant)?.name };
}
