import {
  type Confinement,
  type ConfinementMode,
  type Connection,
  decodeConfinement,
  type Frame,
  KIND,
  payloadOf,
} from "../wire/index.ts";

/** Where guests run: a process of its own, or a thread of this one. */
export const ISOLATIONS = ["process", "worker"] as const;
export type Isolation = (typeof ISOLATIONS)[number];

export type SandboxChildOptions = {
  readonly use: "run" | "build";
  /** Whether the operating system confines a process; default: as far as it can. */
  readonly confinement?: ConfinementMode | undefined;
  readonly payloadBytesMax: number;
  readonly kinds: ReadonlySet<number>;
  readonly onFrame: (frame: Frame) => void;
  readonly onReady: () => void;
  /** How a process is confined; called before `onReady`. */
  readonly onConfined?: ((confinement: Confinement) => void) | undefined;
  /** Why it ended, in words for a log. Called once, however it ended. */
  readonly onExit: (reason: string) => void;
};

/** One sandbox child, whatever it is made of. */
export interface SandboxChild {
  /** Undefined for a thread, and for a process that could not be started. */
  readonly pid: number | undefined;
  /** Number of received frames; if it does not change while calls are running, a guest does not stop. */
  readonly framesReceived: number;
  /** Resolves when it is gone. */
  readonly exited: Promise<void>;
  send(kind: number, id: number, server: number, ...parts: readonly Uint8Array[]): void;
  sendText(...message: Parameters<Connection["sendText"]>): void;
  /** Ends it at once; `onExit` follows. */
  kill(reason: string): void;
}

/**
 * What deals with the frames of a child. One that cannot be dealt with, whatever the cause, is the end of that child and
 * of nothing else.
 */
export const frameTaker =
  ({ onReady, onConfined, onFrame }: SandboxChildOptions, kill: (reason: string) => void) =>
  (frame: Frame): void => {
    try {
      if (frame.kind !== KIND.ready) return onFrame(frame);
      onConfined?.(decodeConfinement(payloadOf(frame)));
      onReady();
    } catch (error) {
      kill(`what it sent could not be dealt with: ${String(error)}`);
    }
  };
