import type { Transferable } from "node:worker_threads";

/** The calls that one side of a channel answers: functions by name. */
export type Methods<Of> = { readonly [Name in keyof Of]: (...args: never[]) => unknown };
export type ArgumentsOf<Method> = Method extends (...args: infer Arguments) => unknown ? Arguments : never;
export type ResultOf<Method> = Method extends (...args: never[]) => infer Result ? Awaited<Result> : never;

/** What a caller sends; `Caller.call` has checked the types of name and arguments. */
export type FromCaller = { readonly id: number; readonly name: PropertyKey; readonly args: readonly unknown[] };

/** What a caller receives: parts come before the result or the failure; a notice belongs to no call. */
export type ToCaller<Failure, Part = never, Notice = never> =
  | { readonly type: "result"; readonly id: number; readonly value: unknown }
  | { readonly type: "failure"; readonly id: number; readonly failure: Failure }
  | { readonly type: "part"; readonly id: number; readonly part: Part }
  | { readonly type: "notice"; readonly notice: Notice };

/** Sends a message. Transferred buffers belong to the other side afterwards. */
export type Send<Message> = (message: Message, transferred?: Transferable[]) => void;
