import { generateKeyPairSync } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { type MessageKey, operations } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import {
  act,
  commandPath,
  type Context,
  examples,
  type Invocation,
  LIST_FORMATS,
  ONE_FORMATS,
  showList,
  showOne,
} from "../frame/index.ts";
import { type Column, countOf, safeText, showAge } from "../terminal/index.ts";
import { keysIn } from "./key-files.ts";
import { publicText } from "./signing.ts";

/** `caxton participant key` */
export function keys(command: Command, invocation: Invocation): void {
  command.description("Manage the Ed25519 keys with which a program signs its messages.");
  examples(command, [
    ["caxton participant key create billing-bot --out billing-bot.pem", "create a key and register its public part"],
    ['caxton message send --from billing-bot --to data-analyzer "hello" --sign-key billing-bot.pem', ""],
  ]);
  create(command.command("create"), invocation);
  add(command.command("add"), invocation);
  rotate(command.command("rotate"), invocation);
  list(command.command("list"), invocation);
  revoke(command.command("revoke"), invocation);
}

function create(command: Command, invocation: Invocation): void {
  command
    .summary("create a key")
    .description(
      "Create a key in a new file that only you can read, and register its public part. The private part does not leave this machine.",
    )
    .argument("<name>", "program name, or an agent of another platform as in writer@lab")
    .requiredOption("--out <file>", "file of the private key (PKCS #8, PEM)");
  examples(command, [["caxton participant key create billing-bot --out billing-bot.pem", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), out: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name, out }) => {
      const { raw, value } = await register(context, name, out);
      const human = () => `${safeText(name)} signs with the key ${value.key_id}, in ${safeText(out)}\n`;
      await showOne(context, { raw, name: value.key_id, human });
    },
  });
}

/** Creates a key in a new file and registers its public part. */
async function register({ client }: Context, name: string, out: string) {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  writeFileSync(out, pem, { mode: PRIVATE_FILE, flag: "wx", flush: true });
  try {
    return await client.call(operations.messageKey.add, { name, public_key: publicText(privateKey) });
  } catch (error) {
    rmSync(out);
    throw error;
  }
}

function add(command: Command, invocation: Invocation): void {
  command
    .summary("register public keys of a file")
    .description("Register public keys that exist already, such as those of an agent of another platform.")
    .argument("<name>", "program name, or an agent of another platform as in writer@lab")
    .argument("<file>", "PEM, or JSON of participant key list");
  examples(command, [["caxton participant key add writer@lab writer.json", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), file: z.string() }),
    formats: LIST_FORMATS,
    run: async (context, { name, file }) => {
      const items: MessageKey[] = [];
      for (const { public_key: key, revoked_at: revokedAt = null } of keysIn(file, commandPath(command)))
        if (revokedAt === null)
          items.push((await context.client.call(operations.messageKey.add, { name, public_key: key })).value);
      const keyColumns = columns(systemClock.nowMs());
      const empty = `${file} has only revoked keys`;
      await showList(context, { raw: { items }, items, columns: keyColumns, name: (key) => key.key_id, empty });
    },
  });
}

function rotate(command: Command, invocation: Invocation): void {
  command
    .summary("replace the keys")
    .description("Create a key as create does, then revoke all previous keys of the program.")
    .argument("<name>", "program name, or an agent of another platform as in writer@lab")
    .requiredOption("--out <file>", "file of the private key (PKCS #8, PEM)");
  examples(command, [["caxton participant key rotate billing-bot --out billing-bot-2.pem", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), out: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name, out }) => {
      const previous = (await context.client.call(operations.messageKey.list, { name })).value.items;
      const { raw, value } = await register(context, name, out);
      const valid = previous.filter(({ revoked_at: revokedAt }) => revokedAt === null);
      for (const { key_id } of valid) await context.client.call(operations.messageKey.revoke, { name, key_id });
      const revoked = `${countOf(valid.length, "previous key")} revoked`;
      const human = () => `${safeText(name)} signs with the key ${value.key_id}, in ${safeText(out)}; ${revoked}\n`;
      await showOne(context, { raw, name: value.key_id, human });
    },
  });
}

const columns = (nowMs: number): readonly Column<MessageKey>[] => [
  { title: "KEY", value: (key) => key.key_id },
  {
    title: "CREATED",
    value: (key) => key.created_at ?? "",
    short: (key) => (key.created_at === null ? "by the server" : showAge(Date.parse(key.created_at), nowMs)),
  },
  { title: "REVOKED", value: (key) => key.revoked_at ?? "" },
  { title: "PUBLIC KEY", value: (key) => key.public_key, wide: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list keys")
    .description("List the keys of a program, or the key with which the server signs for an agent.")
    .argument("<name>", "program or agent");
  examples(command, [["caxton participant key list billing-bot", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: LIST_FORMATS,
    run: async (context, { name }) => {
      const { raw, value } = await context.client.call(operations.messageKey.list, { name });
      await showList(context, {
        raw,
        items: value.items,
        columns: columns(systemClock.nowMs()),
        name: (key) => key.key_id,
        empty: `${name} has no keys`,
      });
    },
  });
}

function revoke(command: Command, invocation: Invocation): void {
  command
    .summary("revoke a key")
    .description("Revoke a key of a program. Messages that it signs are refused; stored ones remain valid.")
    .argument("<name>", "program name")
    .argument("<key>", "key id");
  examples(command, [["caxton participant key revoke billing-bot kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), key: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name, key }) => {
      const { raw } = await context.client.call(operations.messageKey.revoke, { name, key_id: key });
      await showOne(context, { raw, name: key, human: () => `the key of ${safeText(name)} is revoked\n` });
    },
  });
}
