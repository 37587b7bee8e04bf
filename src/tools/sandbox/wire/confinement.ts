/** How the operating system confines a sandbox child: whether it should, and what it does. */
export const CONFINEMENT_MODES = ["auto", "required", "off"] as const;
export type ConfinementMode = (typeof CONFINEMENT_MODES)[number];

/** no_new_privs: no program gains rights; landlock: no files; seccomp: only the system calls that the child needs. */
export const MECHANISMS = ["no_new_privs", "landlock", "seccomp"] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** Why mechanisms are missing; the others are active. */
export type Confinement = { readonly [M in Mechanism]?: string };

const REASON_CHARS_MAX = 200;

export const readConfinementMode = (text: string | undefined): ConfinementMode =>
  CONFINEMENT_MODES.find((mode) => mode === text) ?? "auto";

export const isConfined = (confinement: Confinement): boolean => missingOf(confinement).length === 0;

/** In words, such as `landlock: ENOSYS`. */
export const missingOf = (confinement: Confinement): readonly string[] =>
  MECHANISMS.flatMap((name) => (confinement[name] === undefined ? [] : [`${name}: ${confinement[name]}`]));

export const activeOf = (confinement: Confinement): readonly Mechanism[] =>
  MECHANISMS.filter((name) => confinement[name] === undefined);

export const encodeConfinement = (confinement: Confinement): Buffer => Buffer.from(missingOf(confinement).join("\n"));

export function decodeConfinement(payload: Buffer): Confinement {
  const lines = payload.toString("utf8").split("\n");
  const reasonOf = (name: Mechanism): string | undefined =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2, REASON_CHARS_MAX);
  return Object.fromEntries(
    MECHANISMS.flatMap((name) => {
      const reason = reasonOf(name);
      return reason === undefined ? [] : [[name, reason]];
    }),
  );
}
