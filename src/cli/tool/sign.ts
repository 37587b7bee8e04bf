import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { unreadable } from "../client/index.ts";
import {
  act,
  examples,
  FileExistsError,
  type Invocation,
  listOption,
  ONE_FORMATS,
  showOne,
  toJson,
} from "../frame/index.ts";
import { renderFields } from "../terminal/index.ts";

const EXIT_WRONG = 6;

/** `caxton tool keygen` */
export function toolKeygen(command: Command, invocation: Invocation): void {
  command
    .summary("create a key pair to sign tool servers")
    .description(
      "Create an Ed25519 key pair: <name>.key signs and stays secret, <name>.pub is shared with servers. Prints the configuration with which a server trusts it.",
    )
    .argument("<name>", "base name of the files")
    .option("--force", "overwrite existing files");
  examples(command, [
    ["caxton tool keygen acme", "writes acme.key and acme.pub"],
    ["caxton tool sign module.wasm --key acme.key", ""],
  ]);
  act(command, invocation, {
    input: z.object({ name: z.string(), force: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { name, force }) => {
      const { generateSigningKey } = await import("../../tools/servers/index.ts");
      const files = { private_key: `${name}.key`, public_key: `${name}.pub` };
      const inTheWay = Object.values(files).filter((file) => existsSync(file));
      if (inTheWay.length > 0 && !force) throw new FileExistsError(inTheWay, "choose another name, or --force");
      const { privateKey, publicKey, keyId } = generateSigningKey();
      await writeFile(files.private_key, privateKey, { mode: 0o600 });
      // The mode of a file that was there stays as it was.
      await chmod(files.private_key, 0o600);
      await writeFile(files.public_key, `${publicKey}\n`);
      const human = () =>
        renderFields(
          [
            ["Key", keyId],
            ["Private", `${files.private_key}   keep it secret`],
            ["Public", `${files.public_key}   ${publicKey}`],
            ["Trust it", `[tools.trusted_keys]\n${JSON.stringify(name)} = "${publicKey}"`],
          ],
          context.terminal,
        );
      await showOne(context, { raw: toJson({ key_id: keyId, key: publicKey, ...files }), name: keyId, human });
    },
  });
}

/** `caxton tool sign` */
export function toolSign(command: Command, invocation: Invocation): void {
  command
    .summary("sign a tool server's module and manifest")
    .description(
      "Sign a module together with its manifest, and write the signature beside the module (module.wasm.sig). Any later change of the module or the manifest invalidates the signature.",
    )
    .argument("<module>", ".wasm file, or directory with module.wasm")
    .requiredOption("--key <file>", "private key, as caxton tool keygen writes it")
    .option("--manifest <file>", "manifest; default: tool.toml beside the module");
  examples(command, [
    ["caxton tool sign ./tools/weather --key acme.key", ""],
    ["caxton tool verify ./tools/weather --trust acme.pub", "check it"],
  ]);
  act(command, invocation, {
    input: z.object({ module: z.string(), key: z.string(), manifest: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const { signModule } = await import("../../tools/servers/index.ts");
      const { file, ...signed } = await hashesOf(input.module, input.manifest);
      const text = signModule(signed, await readText(input.key, "there is no such key"));
      await writeFile(`${file}.sig`, text);
      const raw = toJson({
        signature: `${file}.sig`,
        module_hash: signed.moduleHash,
        manifest_hash: signed.manifestHash,
      });
      await showOne(context, { raw, name: `${file}.sig`, human: () => `signed  ${file}  →  ${file}.sig\n` });
    },
  });
}

/** `caxton tool verify` */
export function toolVerify(command: Command, invocation: Invocation): void {
  command
    .summary("verify a tool server's signature")
    .description(
      "Verify the signature beside a module against the module, its manifest, and the public keys you trust. Needs no server. Exits with 6 unless a trusted key signed exactly these files.",
    )
    .argument("<module>", ".wasm file, or directory with module.wasm")
    .addOption(listOption("--trust <file>", "trusted public key (<name>.pub); may be repeated"))
    .option("--manifest <file>", "manifest; default: tool.toml beside the module");
  examples(command, [["caxton tool verify ./tools/weather --trust acme.pub", ""]]);
  act(command, invocation, {
    input: z.object({ module: z.string(), trust: z.array(z.string()).default([]), manifest: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const { checkSignature } = await import("../../tools/servers/index.ts");
      const { file, ...signed } = await hashesOf(input.module, input.manifest);
      const text = await readFile(`${file}.sig`, "utf8").catch(() => undefined);
      const trusted = await Promise.all(
        input.trust.map(async (name) => ({ name, key: (await readText(name, "there is no such key")).trim() })),
      );
      const check = checkSignature(text, signed, trusted);
      const words = {
        trusted: () => `${context.terminal.style("green", "signed")} by ${check.type === "trusted" ? check.name : ""}`,
        "unknown-key": () => `intact, but by a key you do not trust: ${"keyId" in check ? check.keyId : ""}`,
        unsigned: () => `there is no signature at ${file}.sig`,
        wrong: () => `the signature is wrong: ${check.type === "wrong" ? check.reason : ""}`,
      };
      const human = () => `${file}  ${words[check.type]()}\n`;
      await showOne(context, { raw: toJson({ file, ...check }), name: check.type, human });
      return check.type === "trusted" ? 0 : EXIT_WRONG;
    },
  });
}

type Hashes = { readonly file: string; readonly moduleHash: string; readonly manifestHash: string };

/** Throws UnreadableFileError, ToolManifestInvalidError. */
async function hashesOf(path: string, manifest: string | undefined): Promise<Hashes> {
  const { manifestOf } = await import("../../tools/servers/index.ts");
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = isDirectory ? join(path, "module.wasm") : path;
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, error, "there is no such module");
  });
  const manifestFile = manifest ?? join(dirname(file), "tool.toml");
  const text = await readText(manifestFile, "a signature is over the manifest too; name it with --manifest");
  const moduleHash = createHash("sha256").update(bytes).digest("hex");
  return { file, moduleHash, manifestHash: manifestOf(text, manifestFile).hash };
}

const readText = (path: string, missing: string): Promise<string> =>
  readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error, missing);
  });
