import { existsSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { operations } from "../../api/contract/index.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../kernel/json.ts";
import type { Message } from "../../messaging/acl/index.ts";
import {
  act,
  commandPath,
  type Context,
  examples,
  type Invocation,
  ONE_FORMATS,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";
import { keysIn, textOf, type VerifyingKey } from "./key-files.ts";
import { isWholeId, resolveMessage } from "./reference.ts";

const NOT_VALID = 6;

/** `isStored`: the server accepted it, when its key was valid. */
type Read = { readonly message: Message; readonly isStored: boolean };

/** `caxton message verify` */
export function verify(command: Command, invocation: Invocation): void {
  command
    .summary("verify the signature of a message")
    .description(
      "Verify the Ed25519 signature of a stored message, or of a file with a message as message get -o json prints it. Exits with 6 if the message has no signature, or an invalid one.",
    )
    .argument("<message>", "its id, the end of its id, last, or a file")
    .option(
      "--key <file>",
      "key to verify with: PEM, or JSON of participant key list; a file with a message then needs no server",
    );
  examples(command, [
    ["caxton message verify last", "with the keys that its sender registered"],
    ["caxton message verify order.json --key billing-bot.json", "without a server"],
  ]);
  act(command, invocation, {
    input: z.object({ message: z.string(), key: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { message: reference, key }) => {
      const read = await readFrom(context, reference, commandPath(command));
      const keys = key === undefined ? await registeredKeys(context, read.message) : keysIn(key, commandPath(command));
      const verdict = await judge(read, keys);
      const { message } = read;
      const state = verdict.valid ? "valid" : "INVALID";
      const by = verdict.key_id === null ? "" : `, key ${verdict.key_id}`;
      const human = () =>
        safeText(`${state}${by}: ${verdict.reason ?? `${message.sender} signed message ${message.id}`}\n`);
      await showOne(context, { raw: verdict, name: verdict.valid ? "valid" : "invalid", human });
      return verdict.valid ? 0 : NOT_VALID;
    },
  });
}

/** Reads a file, or asks the server. Throws UnreadableFileError, UsageError, MessageReferenceError. */
async function readFrom(context: Context, reference: string, command: string): Promise<Read> {
  if (!isWholeId(reference) && reference !== "last" && existsSync(reference)) {
    const parsed = parseJson(textOf(reference));
    const json = parsed.type === "parsed" && isJsonObject(parsed.value) ? parsed.value : {};
    const message = await messageOf(isJsonObject(json["message"]) ? json["message"] : json);
    if (message === undefined) throw new UsageError(`${reference} contains no message`, command);
    return { message, isStored: false };
  }
  const id = await resolveMessage(context, reference);
  const message = await messageOf((await context.client.call(operations.message.get, { id })).value.message);
  if (message === undefined) throw new Error(`the server's message ${id} is not valid`);
  return { message, isStored: true };
}

async function messageOf(wire: JsonObject): Promise<Message | undefined> {
  const { readMessage } = await import("../../messaging/acl/index.ts");
  const workspace = typeof wire["workspace"] === "string" ? wire["workspace"] : "default";
  // Deadlines may be past.
  const read = readMessage(wire, { workspace, nowMs: 0, contentBytesMax: Number.MAX_SAFE_INTEGER, sender: "user" });
  return read.type === "message" ? read.message : undefined;
}

async function registeredKeys({ client }: Context, { sender, signature }: Message): Promise<readonly VerifyingKey[]> {
  if (signature === undefined) return [];
  return (await client.call(operations.messageKey.list, { name: sender })).value.items;
}

async function judge({ message, isStored }: Read, keys: readonly VerifyingKey[]) {
  const { isSignedWith, keyIdOf, SIGNATURE_FAULTS, verifierOf } = await import("../../messaging/acl/index.ts");
  const { id, sender, signature } = message;
  const key = keys.find(({ public_key: text }) => keyIdOf(text) === signature?.keyId);
  const revokedAt = key?.revoked_at ?? null;
  const fault =
    key === undefined
      ? "unknown-key"
      : (key.owner ?? sender).toLowerCase() !== sender.toLowerCase()
        ? "foreign-key"
        : !isSignedWith(message, verifierOf(key.public_key))
          ? "wrong-signature"
          : revokedAt !== null && !isStored
            ? "revoked-key"
            : undefined;
  const reason = signature === undefined ? "the message has no signature" : fault && SIGNATURE_FAULTS[fault];
  const verdict = { valid: reason === undefined, key_id: signature?.keyId ?? null, reason: reason ?? null };
  return { id, sender, ...verdict, revoked_at: revokedAt };
}
