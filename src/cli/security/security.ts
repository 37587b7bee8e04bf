import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import { unreadable, unwritable } from "../client/index.ts";
import {
  act,
  type CommandMaker,
  examples,
  FileExistsError,
  type Invocation,
  listOption,
  ONE_FORMATS,
  showOne,
  UsageError,
  wholeNumber,
} from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";
import { type Authority, CLIENT_AUTHENTICATION, commonName, type Issued, issueCertificate } from "./x509.ts";

const DAY_MS = 86_400_000;
const AUTHORITY = "ca";
const AUTHORITY_DAYS = 3_650;
const CERTIFICATE_DAYS = 365;
/** A clock of another machine may be behind. */
const EARLIER_MS = 3_600_000;

/** `caxton security` */
export const security: CommandMaker = (command, invocation) => {
  command.description(
    "Create a private certificate authority, and certificates for servers and clients. All files are PEM with mode 0600; keys are on the curve P-256.",
  );
  examples(command, [
    ["caxton security init-ca", ""],
    ["caxton security issue server --host caxton.example.com --host 10.0.0.5", ""],
    ["caxton security issue ci --client", ""],
  ]);
  initialize(command.command("init-ca"), invocation);
  issue(command.command("issue"), invocation);
  renew(command.command("renew"), invocation);
};

const Directory = z.object({ directory: z.string(), days: z.number() });
const Name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, { error: "expected letters, digits, ., _ and -" });

/** Without `days`, the default depends on the certificate. */
const common = (command: Command, days?: number): Command =>
  command.option("--directory <directory>", "directory of the authority and its certificates", "tls").addOption(
    command
      .createOption(
        "--days <n>",
        `time until the certificate expires${days === undefined ? ` (default: ${CERTIFICATE_DAYS}, an authority: ${AUTHORITY_DAYS})` : ""}`,
      )
      .argParser((text) => wholeNumber(text, 1, 36_500))
      .default(days),
  );

function initialize(command: Command, invocation: Invocation): void {
  common(command, AUTHORITY_DAYS)
    .summary("create a private authority")
    .description("Create the authority: ca.pem for clients, and ca.key, which signs certificates.")
    .option("--name <name>", "name of the authority", "Caxton private authority");
  examples(command, [["caxton security init-ca", ""]]);
  act(command, invocation, {
    input: Directory.extend({ name: z.string().min(1).max(64) }),
    formats: ONE_FORMATS,
    run: async (context, { directory, days, name }) => {
      const subject = { name, usage: "authority", hosts: [], ...lifetime(days) } as const;
      const files = store(directory, AUTHORITY, issueCertificate(subject));
      await showFiles(context, AUTHORITY, files);
    },
  });
}

function issue(command: Command, invocation: Invocation): void {
  common(command, CERTIFICATE_DAYS)
    .summary("create a certificate")
    .description("Create a certificate of the authority with its key, for a server or a client.")
    .argument("<name>", "common name of the certificate, and name of its files")
    .addOption(listOption("--host <host>", "name or address of the server; repeatable"))
    .option("--client", "for a client instead of a server");
  examples(command, [
    ["caxton security issue server --host caxton.example.com", ""],
    ["caxton security issue ci --client --days 90", ""],
  ]);
  act(command, invocation, {
    input: Directory.extend({
      name: Name.refine((name) => name !== AUTHORITY, { error: "this is the name of the authority's files" }),
      host: z.array(z.string().regex(/^[A-Za-z0-9.:*_-]{1,253}$/)).default([]),
      client: z.boolean().default(false),
    }),
    formats: ONE_FORMATS,
    run: async (context, { directory, days, name, host, client }) => {
      if (!client && host.length === 0)
        throw new UsageError("a server's certificate needs at least one --host", "caxton security issue");
      const subject = { name, usage: client ? "client" : "server", hosts: host, ...lifetime(days) } as const;
      await showFiles(context, name, store(directory, name, issueCertificate(subject, authorityOf(directory))));
    },
  });
}

function renew(command: Command, invocation: Invocation): void {
  common(command)
    .summary("replace a certificate")
    .description(
      "Replace a certificate and its key by new ones for the same hosts. A running server uses them at once. The authority (ca) keeps its key, so the certificates that it signed remain valid for clients that have either ca.pem.",
    )
    .argument("<name>", "name of the certificate's files");
  examples(command, [
    ["caxton security renew server", ""],
    ["caxton security renew ca", "the authority"],
  ]);
  act(command, invocation, {
    input: Directory.extend({ name: Name, days: z.number().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { directory, days, name }) => {
      const before = new X509Certificate(read(join(directory, `${name}.pem`)));
      // Undefined without extended key usage.
      const usage = new Set(before.keyUsage).has(CLIENT_AUTHENTICATION) ? "client" : "server";
      if (before.ca) {
        const { privateKey } = authorityOf(directory, name);
        const subject = {
          name: commonName(before),
          usage: "authority",
          hosts: [],
          ...lifetime(days ?? AUTHORITY_DAYS),
        } as const;
        await showFiles(context, name, store(directory, name, issueCertificate(subject, undefined, privateKey), true));
        return;
      }
      const hosts = (before.subjectAltName ?? "")
        .split(", ")
        .flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []);
      const issued = issueCertificate(
        { name: commonName(before), usage, hosts, ...lifetime(days ?? CERTIFICATE_DAYS) },
        authorityOf(directory),
      );
      await showFiles(context, name, store(directory, name, issued, true));
    },
  });
}

const lifetime = (days: number) => ({
  validFromMs: Date.now() - EARLIER_MS,
  expiresAtMs: Date.now() + days * DAY_MS,
});

function authorityOf(directory: string, name = AUTHORITY): Authority {
  const certificate = new X509Certificate(read(join(directory, `${name}.pem`)));
  return { certificate, privateKey: createPrivateKey(read(join(directory, `${name}.key`))) };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error, "there is no such file; `caxton security init-ca` creates the authority");
  }
}

type Files = { readonly certificate: string; readonly private_key: string };

/** Writes a certificate and its key, the key first. Throws FileExistsError if a file exists that may not be replaced. */
function store(directory: string, name: string, { certificate, privateKey }: Issued, isReplaced = false): Files {
  const files = { certificate: join(directory, `${name}.pem`), private_key: join(directory, `${name}.key`) };
  mkdirSync(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  write(files.private_key, privateKey, isReplaced);
  write(files.certificate, certificate, isReplaced);
  return files;
}

function write(path: string, text: string, isReplaced: boolean): void {
  const next = isReplaced ? `${path}.${process.pid}` : path;
  try {
    writeFileSync(next, text, { mode: PRIVATE_FILE, flag: "wx" });
    if (isReplaced) renameSync(next, path);
  } catch (error) {
    if (isReplaced) rmSync(next, { force: true });
    if (error instanceof Error && "code" in error && error.code === "EEXIST")
      throw new FileExistsError(
        [path],
        "choose another name or directory; `caxton security renew` replaces a certificate",
      );
    throw unwritable(path, error) ?? error;
  }
}

const showFiles = (context: Parameters<typeof showOne>[0], name: string, files: Files): Promise<void> =>
  showOne(context, {
    raw: { name, ...files },
    name,
    human: () => `certificate ${safeText(files.certificate)}\nkey ${safeText(files.private_key)}\n`,
  });
