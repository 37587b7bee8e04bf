import { type Protocol } from "./protocol.ts";
import { PROTOCOLS } from "./tables.ts";

const squeeze = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/gu, "");

const BY_NAME = new Map<string, Protocol>();
const BY_SQUEEZED = new Map<string, Protocol>();
for (const protocol of PROTOCOLS) {
  BY_NAME.set(protocol.name, protocol);
  for (const name of [protocol.name, ...protocol.aliases]) BY_SQUEEZED.set(squeeze(name), protocol);
}

/** What a message's protocol means. */
export type NamedProtocol =
  | { readonly type: "known"; readonly protocol: Protocol }
  /** Somebody's own: carried and shown, not checked. */
  | { readonly type: "own"; readonly name: string }
  /** It claims to be one of FIPA's and is none. */
  | { readonly type: "unknown"; readonly name: string };

/** The protocol of that exact name, as conversations keep it. */
export const knownProtocol = (name: string | undefined): Protocol | undefined =>
  name === undefined ? undefined : BY_NAME.get(name);

/** Names in any case and spelling, as `FIPA-Request`, `ContractNet`; other names are their senders' own. */
export function findProtocol(name: string): NamedProtocol {
  const known = BY_NAME.get(name) ?? BY_SQUEEZED.get(squeeze(name));
  if (known !== undefined) return { type: "known", protocol: known };
  // `fipa-inform` is used by some for messages that nobody answers: there is nothing to check.
  const isFipa = /^fipa[^a-z0-9]/iu.test(name) && squeeze(name) !== "fipainform";
  return isFipa ? { type: "unknown", name } : { type: "own", name };
}
