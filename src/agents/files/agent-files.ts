import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { nameKey } from "../definitions/index.ts";
import { LIMITS } from "../../kernel/quantities.ts";

/** The definition file of an agent; `hash` is the sha256 of its text, hexadecimal. */
type AgentFile = { readonly path: string; readonly source: string; readonly hash: string };

/** Definition files by the agents that they define. A file is read whenever it is asked for, so that an edit is seen at once. */
export class DefinitionFiles {
  readonly #workspace: string;
  readonly #files: () => Promise<readonly string[]>;
  readonly #paths = new Map<string, string>();

  /** `files` lists the paths of all definition files; they are those of one workspace. */
  constructor(workspace: string, files: () => Promise<readonly string[]>) {
    this.#workspace = workspace;
    this.#files = files;
  }

  remember(agent: string, path: string): void {
    this.#paths.set(nameKey(agent), path);
  }

  async of(workspace: string, agent: string): Promise<AgentFile | undefined> {
    const path = workspace === this.#workspace ? this.#paths.get(nameKey(agent)) : undefined;
    return path === undefined ? undefined : readAgentFile(path);
  }

  async find(workspace: string, agent: string, source: string): Promise<AgentFile | undefined> {
    if (workspace !== this.#workspace) return undefined;
    const bytes = Buffer.byteLength(source);
    for (const path of await this.#files()) {
      const file = await readAgentFile(path, bytes);
      if (file?.source !== source) continue;
      this.remember(agent, path);
      return file;
    }
    return undefined;
  }
}

/** Reads a file within the size limit of definitions, or of exactly `bytes`; undefined if there is no such file. */
async function readAgentFile(path: string, bytes?: number): Promise<AgentFile | undefined> {
  try {
    const found = await stat(path);
    const fits = bytes === undefined ? found.size <= LIMITS.definitionBytesMax : found.size === bytes;
    if (!found.isFile() || !fits) return undefined;
    const source = await readFile(path, "utf8");
    return { path, source, hash: createHash("sha256").update(source).digest("hex") };
  } catch {
    // It was removed, or this user may not read it: there is no text to compare with.
    return undefined;
  }
}
