// Completes package-lock.json for platforms whose packages the registry at hand does not carry. npm leaves them out, and `npm ci` then
// refuses the file although nothing of them would be installed. Run after `npm install`: npx node scripts/complete-lock.ts [directory]
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

const Entry = z.looseObject({
  version: z.string().optional(),
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
  license: z.string().optional(),
});
const Lock = z.looseObject({ packages: z.record(z.string(), Entry) });

const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openbsd", "netbsd", "openharmony", "sunos", "aix", "win32"];
const ARCHITECTURES = ["x64", "arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el", "wasm32"];

/** The platform in a package's name, as npm writes it. */
function platformOf(name: string): {
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
} {
  const words = name.split(/[-/]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = ARCHITECTURES.filter((architecture) => words.includes(architecture));
  const libc =
    words.includes("musl") || words.includes("musleabihf") ? ["musl"] : words.includes("gnu") ? ["glibc"] : [];
  return {
    ...(os.length > 0 ? { os } : {}),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libc.length > 0 ? { libc } : {}),
  };
}

const file = join(import.meta.dirname, "..", process.argv[2] ?? "", "package-lock.json");
const lock = Lock.parse(JSON.parse(readFileSync(file, "utf8")));
const added: Record<string, z.infer<typeof Entry>> = {};
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const known = Object.keys(lock.packages).some((path) => path.endsWith(place));
    if (known || !/^\d/.test(version)) continue;
    const dev = entry.dev === true ? { dev: true } : {};
    added[place] = {
      version,
      ...platformOf(name),
      ...dev,
      optional: true,
      ...(entry.license ? { license: entry.license } : {}),
    };
  }
}
const packages = Object.fromEntries(
  Object.entries({ ...lock.packages, ...added }).toSorted(([left], [right]) => left.localeCompare(right, "en")),
);
writeFileSync(file, `${JSON.stringify({ ...lock, packages }, undefined, 2)}\n`);
process.stdout.write(`${Object.keys(added).length} packages of other platforms added\n`);
