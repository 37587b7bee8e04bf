import { ToolManifestInvalidError } from "../catalogue/index.ts";
import { ToolGrantsRefusedError, ToolSignatureInvalidError, ToolSignatureRequiredError } from "./errors.ts";
import { applyOverrides, type ManifestOverrides, readManifest, type ToolManifest } from "../catalogue/index.ts";
import type { UpdatePolicy } from "./pin-difference.ts";
import type { ToolServerPin } from "./pin.ts";
import { checkSignature, type SignatureCheck, type TrustedKey } from "./signature.ts";
import type { ToolServerOrigin, ToolServerRevision } from "./tool-server-store.ts";

/** Whose signature a server carries, as far as it counts here. */
export type Publisher = {
  readonly state: "built-in" | "signed" | "unknown-key" | "unsigned" | "remote";
  /** The trusted key's name. */
  readonly name: string | null;
  readonly keyId: string | null;
};

/** Which modules have to be signed by a trusted key: none, those that come by request, or all that are not built in. */
export const SIGNATURE_RULES = ["never", "uploaded", "always"] as const;
export type SignatureRule = (typeof SIGNATURE_RULES)[number];

export type Trust = { readonly keys: readonly TrustedKey[]; readonly require: SignatureRule };

/** What the operator's configuration says of one server. */
export type OperatorOverrides = {
  readonly enabled: boolean;
  readonly overrides: ManifestOverrides;
  readonly accept: UpdatePolicy;
};

/** An active revision: its requested manifest, the effective one, and its publisher. */
export type ActiveRevision = {
  readonly revision: ToolServerRevision;
  readonly requested: ToolManifest;
  /** With the operator's word over it. */
  readonly manifest: ToolManifest;
  readonly publisher: Publisher;
};

/** Refuses what belongs to the machine. Throws ToolGrantsRefusedError. */
export function refuseMachineGrants({ name, grants }: ToolManifest): void {
  const { files, environment, secrets, http } = grants;
  const refused = [
    ...(files.length > 0 ? ["files"] : []),
    ...(environment.length > 0 ? ["environment"] : []),
    ...(secrets.length > 0 ? ["secrets"] : []),
    ...(http.some((place) => place.private) ? ["http with private = true"] : []),
  ];
  if (refused.length > 0) throw new ToolGrantsRefusedError(name, refused);
}

/** Reads a manifest's text. Throws ToolManifestInvalidError with every problem. */
export function manifestOf(text: string, file: string): { readonly manifest: ToolManifest; readonly hash: string } {
  const read = readManifest(text, file);
  if (read.type === "valid") return read;
  throw new ToolManifestInvalidError(file, text, read.problems);
}

/** Throws ToolManifestInvalidError, ToolSignatureInvalidError, ToolSignatureRequiredError. */
export function verifyRevision(revision: ToolServerRevision, word: OperatorOverrides, trust: Trust): ActiveRevision {
  const { manifest: requested } = manifestOf(revision.manifest, `${revision.name}/tool.toml`);
  const publisher = publisherOf(revision, trust);
  return { revision, requested, manifest: applyOverrides(requested, word.overrides), publisher };
}

/** The same without checking the signature, to show what cannot be loaded; undefined if it cannot be read. */
export function parseRevision(revision: ToolServerRevision, word: OperatorOverrides): ActiveRevision | undefined {
  const read = readManifest(revision.manifest, `${revision.name}/tool.toml`);
  if (read.type === "invalid") return undefined;
  const publisher: Publisher = { state: "unsigned", name: null, keyId: null };
  return { revision, requested: read.manifest, manifest: applyOverrides(read.manifest, word.overrides), publisher };
}

type Signed = Pick<ToolServerRevision, "name" | "origin" | "moduleHash" | "manifestHash" | "signature">;

/** Returns the publisher of a module. Throws ToolSignatureInvalidError, ToolSignatureRequiredError. */
export function publisherOf(signed: Signed, { keys, require }: Trust): Publisher {
  const { name, origin, signature } = signed;
  if (origin === "built-in" || origin === "remote") return { state: origin, name: null, keyId: null };
  const check = checkSignature(signature ?? undefined, signed, keys);
  if (check.type === "wrong") {
    throw new ToolSignatureInvalidError(
      `the signature of ${name} is wrong: ${check.reason}`,
      "Module, manifest or signature were changed after signing. Download them again from the publisher, or sign them again with `caxton tool sign`.",
      { server: name },
    );
  }
  const publisher = publisherIn(check);
  if (publisher.state === "signed" || !isRequired(origin, require)) return publisher;
  throw new ToolSignatureRequiredError(
    publisher.keyId === null
      ? `${name} is not signed, and tools.require_signature is "${require}"`
      : `${name} is signed with the key ${publisher.keyId}, which is not among tools.trusted_keys`,
    "Sign it with `caxton tool sign`, and name the public key in tools.trusted_keys of caxton.toml.",
    { server: name, keyId: publisher.keyId },
  );
}

const isRequired = (origin: ToolServerOrigin, rule: SignatureRule): boolean =>
  rule === "always" || (rule === "uploaded" && origin === "uploaded");

function publisherIn(check: Exclude<SignatureCheck, { type: "wrong" }>): Publisher {
  switch (check.type) {
    case "trusted":
      return { state: "signed", name: check.name, keyId: check.keyId };
    case "unknown-key":
      return { state: "unknown-key", name: null, keyId: check.keyId };
    case "unsigned":
      return { state: "unsigned", name: null, keyId: null };
  }
}

/**
 * What is held against later versions. The operator's word is over both sides of a comparison, so that neither their own
 * edits nor what they decided already has to be accepted.
 */
export function pinOf(revision: ToolServerRevision, word: OperatorOverrides): ToolServerPin {
  const { version, moduleHash, tools, signature, origin } = revision;
  const check = checkSignature(signature ?? undefined, revision, []);
  const keyId = check.type === "unknown-key" ? check.keyId : null;
  const read = origin === "remote" ? undefined : readManifest(revision.manifest, `${revision.name}/tool.toml`);
  const manifest = read?.type === "valid" ? applyOverrides(read.manifest, word.overrides) : undefined;
  return { version, interface: revision.interface, moduleHash, keyId, tools, manifest };
}
