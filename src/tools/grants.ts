/** What a guest may do with a path it opened; `write` includes `read`. */
export type FileAccess = "read" | "write";

/** One directory or file tree a tool server may touch. */
export type FileGrant = { readonly path: string; readonly access: FileAccess };

/** Everything one tool server may touch; nothing is allowed that is not here. */
export type Grants = {
  readonly files: readonly FileGrant[];
  /** Real time, to the millisecond; a tool without it sees a clock that stands still. */
  readonly clock: boolean;
  /** Real randomness; a tool without it sees the same stream in each instance. */
  readonly random: boolean;
  /** Names of environment variables the guest is given. */
  readonly environment: readonly string[];
};

/** Grants as people read them: "read data", "clock", "environment HOME". */
export const describeGrants = ({ files, clock, random, environment }: Grants): readonly string[] => [
  ...files.map(({ path, access }) => `${access} ${path}`),
  ...(clock ? ["clock"] : []),
  ...(random ? ["random"] : []),
  ...environment.map((name) => `environment ${name}`),
];
