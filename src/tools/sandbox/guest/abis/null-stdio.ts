import type { Streams } from "../../wasi/index.ts";
import type { GuestHost } from "./abi.ts";

/** Standard streams of a guest that is not spoken to over them: input is at its end, what it prints goes to its log. */
export const nullStdio = (host: GuestHost): Streams => ({
  hasInput: true,
  inputBytes: 0,
  take: () => 0,
  await: (hasTimer, wake) => {
    wake();
    return hasTimer;
  },
  forgetWaiter: () => {},
  write: (memory, at, length) => host.log(memory.subarray(at, at + length)),
  writeError: (bytes) => host.log(bytes),
});
