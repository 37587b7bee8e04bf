/** What the host answers a request with: `refused` goes with a head of code and message. */
export type HostAnswer = { readonly refused: boolean; readonly head: object; readonly body: Uint8Array };

const refuseAll = (): HostAnswer => ({
  refused: true,
  head: { code: "denied", message: "this server is granted nothing." },
  body: new Uint8Array(),
});

/** Files as a guest sees them, in memory. Paths have no leading "./"; absolute ones begin with "/". */
export class World {
  readonly files = new Map<string, Uint8Array>();
  readonly directories = new Set<string>(["."]);
  /** Paths that exist and may not be opened. */
  readonly denied = new Set<string>();
  /** What the clock shows, in nanoseconds since 1970. */
  clockNs = 1_780_237_800_123_000_000n;
  /** Answers requests to the host. */
  ask: (operation: string, head: unknown, body: Buffer) => HostAnswer = refuseAll;

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    for (const [path, content] of Object.entries(files)) this.put(path, content);
  }

  put(path: string, content: string | Uint8Array): void {
    this.files.set(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    const parts = path.split("/");
    for (let end = 1; end < parts.length; end += 1) this.directories.add(parts.slice(0, end).join("/") || "/");
  }

  text(path: string): string | undefined {
    const bytes = this.files.get(path);
    return bytes && new TextDecoder().decode(bytes);
  }

  kind(path: string): "file" | "directory" | undefined {
    if (this.files.has(path)) return "file";
    return this.directories.has(path) ? "directory" : undefined;
  }

  hasParent(path: string): boolean {
    const cut = path.lastIndexOf("/");
    return cut <= 0 || this.directories.has(path.slice(0, cut));
  }

  /** Names and kinds of what lies directly in a directory. */
  entries(path: string): readonly { readonly name: string; readonly kind: "file" | "directory" }[] {
    const prefix = path === "." ? "" : `${path}/`;
    const inside = (kind: "file" | "directory") => (one: string) => {
      const rest = one.startsWith(prefix) && one !== "." ? one.slice(prefix.length) : "";
      return rest === "" || rest.includes("/") || one.startsWith("/") !== prefix.startsWith("/")
        ? []
        : [{ name: rest, kind }];
    };
    return [...[...this.files.keys()].flatMap(inside("file")), ...[...this.directories].flatMap(inside("directory"))];
  }
}
