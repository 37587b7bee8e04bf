import type { Writable } from "node:stream";
import { styleText } from "node:util";

export type Tone = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours a piece of text, or leaves it as it is. */
export type Style = (tone: Tone, text: string) => string;

export const plainStyle: Style = (_tone, text) => text;

/** The style for a stream: colour only on a terminal, and never against NO_COLOR, FORCE_COLOR=0 or `--no-color`. */
export const styleFor = (stream: Writable, colour: boolean): Style =>
  colour ? (tone, text) => styleText(tone, text, { stream }) : plainStyle;
