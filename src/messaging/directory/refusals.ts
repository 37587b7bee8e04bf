import { SYSTEM_SENDER, USER_SENDER } from "../acl/index.ts";
import {
  CapabilityNameError,
  CapabilityVersionError,
  ParticipantNameError,
  ParticipantNameTakenError,
} from "./errors.ts";

/** Names that are the server's own. */
export const RESERVED: ReadonlySet<string> = new Set([SYSTEM_SENDER, USER_SENDER]);

export const badName = (name: string): ParticipantNameError =>
  new ParticipantNameError(
    `"${name}" cannot be a participant's name`,
    `Use 2 to 64 letters, digits and _.-, a letter first; ${[...RESERVED].join(" and ")} are the server's own.`,
    { name },
  );

export const isRemote = (name: string): ParticipantNameTakenError =>
  new ParticipantNameTakenError(
    `${name} is an agent of another system`,
    `To delete it: caxton remote-agent delete ${name}.`,
    { name },
  );

export const badCapability = (capability: string): CapabilityNameError =>
  new CapabilityNameError(
    `"${capability}" is no name of a capability`,
    'Use lower-case words with hyphens, such as "data-analysis".',
    { capability },
  );

export const badVersion = (version: string): CapabilityVersionError =>
  new CapabilityVersionError(`"${version}" is no version`, 'Write one such as "1.2.0".', { version });
