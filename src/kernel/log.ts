import { type Logger, pino, stdSerializers } from "pino";

export type Log = Logger;
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

let redacted = (line: string): string => line;

/** What each line goes through before it is written, from now on; a line is JSON and ends with a line break. */
export const redactLog = (redact: (line: string) => string): void => {
  redacted = redact;
};

/** The process's one logger: JSON lines on standard error, silent until `setLogLevel`. Content of prompts and tools never goes here. */
export const log: Log = pino(
  {
    level: "silent",
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Otherwise an error has neither message nor stack; `err` has them automatically.
    serializers: { error: stdSerializers.err },
    hooks: { streamWrite: (line) => redacted(line) },
    redact: { paths: ["token", "authorization", "*.token", "*.authorization", "*.apiKey"], censor: "[redacted]" },
  },
  pino.destination({ dest: 2, sync: true }),
);

export const setLogLevel = (level: LogLevel): void => {
  log.level = level;
};
